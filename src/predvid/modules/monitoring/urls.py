"""Addresses of overview, clients, devices, alerts and the search."""

from django.urls import path

from predvid.modules.monitoring.views import (
    alerts,
    comparing,
    devices,
    groups,
    overview,
    policies,
    timeline,
    verbs,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("clients/", overview.clients, name="clients"),
    path("clients/<uuid:client_id>/", overview.client, name="client"),
    path("devices/", devices.devices, name="devices"),
    path("devices/export.<str:sheet>", devices.export, name="devices-export"),
    path("devices/<uuid:device_id>/", devices.device, name="device"),
    path("devices/<uuid:device_id>/series", comparing.series, name="series"),
    path("devices/<uuid:device_id>/chart", comparing.chart, name="chart"),
    path("devices/<uuid:device_id>/timeline", timeline.of_device, name="device-timeline"),
    path("devices/<uuid:device_id>/move", verbs.move, name="device-move"),
    path("devices/<uuid:device_id>/merge", verbs.merge, name="device-merge"),
    path("agents/<uuid:agent_id>/approve", verbs.approve, name="agent-approve"),
    path("agents/<uuid:agent_id>/revoke", verbs.revoke, name="agent-revoke"),
    path("agents/<uuid:agent_id>/release", verbs.release, name="agent-release"),
    path("alerts/", alerts.inbox, name="alerts"),
    path("alerts/<int:alert_id>/", alerts.alert, name="alert"),
    path("alerts/<int:alert_id>/acknowledge", alerts.acknowledge, name="alert-acknowledge"),
    path("alerts/<int:alert_id>/note", alerts.note, name="alert-note"),
    path("policies/", policies.overview, name="policies"),
    path("policies/templates/<str:role>/", policies.of_template, name="policy-template"),
    path("policies/clients/<uuid:client_id>/", policies.of_client, name="policy-client"),
    path("policies/sites/<uuid:site_id>/", policies.of_site, name="policy-site"),
    path("policies/groups/<uuid:group_id>/", policies.of_group, name="policy-group"),
    path("policies/devices/<uuid:device_id>/", policies.of_device, name="policy-device"),
    path("groups/add", groups.add, name="group-add"),
    path("groups/<uuid:group_id>/", groups.group, name="group"),
    path("groups/<uuid:group_id>/delete", groups.delete, name="group-delete"),
    path("devices/<uuid:device_id>/tags", groups.tag, name="device-tags"),
    path("search", devices.search, name="search"),
]

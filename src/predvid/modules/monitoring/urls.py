"""Addresses of overview, clients, devices, alerts and the search."""

from django.urls import path

from predvid.modules.monitoring.views import alert_verbs, alerts, devices, overview, verbs, windows

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("clients/", overview.clients, name="clients"),
    path("clients/<uuid:client_id>/", overview.client, name="client"),
    path("devices/", devices.devices, name="devices"),
    path("devices/<uuid:device_id>/", devices.device, name="device"),
    path("devices/<uuid:device_id>/series", devices.series, name="series"),
    path("devices/<uuid:device_id>/move", verbs.move, name="device-move"),
    path("devices/<uuid:device_id>/merge", verbs.merge, name="device-merge"),
    path("agents/<uuid:agent_id>/approve", verbs.approve, name="agent-approve"),
    path("agents/<uuid:agent_id>/revoke", verbs.revoke, name="agent-revoke"),
    path("agents/<uuid:agent_id>/release", verbs.release, name="agent-release"),
    path("alerts/", alerts.inbox, name="alerts"),
    path("alerts/<int:alert_id>/", alerts.alert, name="alert"),
    path("alerts/<int:alert_id>/acknowledge", alert_verbs.acknowledge, name="alert-acknowledge"),
    path("alerts/<int:alert_id>/note", alert_verbs.note, name="alert-note"),
    path("alerts/<int:alert_id>/snooze", alert_verbs.snooze, name="alert-snooze"),
    path("alerts/<int:alert_id>/assign", alert_verbs.assign, name="alert-assign"),
    path("alerts/bulk", alert_verbs.bulk, name="alerts-bulk"),
    path("windows/", windows.windows, name="windows"),
    path("windows/<int:window_id>/", windows.window, name="window"),
    path("windows/<int:window_id>/end", windows.end, name="window-end"),
    path("windows/<int:window_id>/delete", windows.delete, name="window-delete"),
    path("search", devices.search, name="search"),
]

"""Addresses of the delivery log, routes, rotas, channels, and of acknowledging from a mail."""

from django.urls import path

from predvid.modules.notifying import views, views_channels, views_link, views_rotas

urlpatterns = [
    path("notifications/", views.log, name="notifications"),
    path("notifications/<int:delivery_id>/retry", views.retry, name="delivery-retry"),
    path("notifications/routes/", views.routes, name="routes"),
    path("notifications/routes/<uuid:route_id>/", views.route, name="route"),
    path("notifications/routes/<uuid:route_id>/remove", views.remove_route, name="route-remove"),
    path("notifications/rotas/", views_rotas.rotas, name="rotas"),
    path("notifications/rotas/<uuid:rota_id>/", views_rotas.rota, name="rota"),
    path("notifications/rotas/<uuid:rota_id>/remove", views_rotas.remove, name="rota-remove"),
    path("notifications/rotas/<uuid:rota_id>/stand-ins", views_rotas.stand_in, name="stand-in"),
    path(
        "notifications/rotas/<uuid:rota_id>/stand-ins/<int:stand_in_id>/remove",
        views_rotas.end_stand_in,
        name="stand-in-remove",
    ),
    path("notifications/channels/", views_channels.channels, name="channels"),
    path("notifications/channels/<uuid:channel_id>/test", views_channels.test, name="channel-test"),
    path("notifications/channels/<uuid:channel_id>/remove", views_channels.remove, name="channel-remove"),
    path("acknowledge/<str:secret>", views_link.acknowledge, name="acknowledge-link"),
]

"""Addresses of enrolment, clients, sites and credentials."""

from django.urls import path

from predvid.modules.inventory import views, views_secrets

urlpatterns = [
    path("enrol/", views.enrol, name="enrol"),
    path("enrol/<uuid:token_id>/", views.token, name="token"),
    path("clients/add", views.add_client, name="client-add"),
    path("clients/<uuid:client_id>/sites/add", views.add_site, name="site-add"),
    path("clients/<uuid:client_id>/credentials/", views_secrets.credentials, name="credentials"),
    path("clients/credentials/<uuid:secret_id>/", views_secrets.credential, name="credential"),
    path("clients/credentials/<uuid:secret_id>/delete", views_secrets.delete, name="credential-delete"),
    path("clients/credentials/<uuid:secret_id>/bind", views_secrets.bind, name="credential-bind"),
    path(
        "clients/credentials/bindings/<uuid:binding_id>/unbind",
        views_secrets.unbind,
        name="credential-unbind",
    ),
]

"""Addresses of enrolment, clients and sites."""

from django.urls import path

from predvid.modules.inventory import views

urlpatterns = [
    path("enrol/", views.enrol, name="enrol"),
    path("enrol/<uuid:token_id>/", views.token, name="token"),
    path("clients/add", views.add_client, name="client-add"),
    path("clients/<uuid:client_id>/sites/add", views.add_site, name="site-add"),
]

"""Addresses of enrolment, clients, sites, credentials and of what is written down about clients."""

from django.urls import path

from predvid.modules.inventory import views, views_fields, views_import, views_records, views_secrets

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
    path("clients/<uuid:client_id>/contacts/add", views_records.add_contact, name="contact-add"),
    path("clients/contacts/<uuid:contact_id>/", views_records.contact, name="contact"),
    path("clients/contacts/<uuid:contact_id>/delete", views_records.delete_contact, name="contact-delete"),
    path("clients/<uuid:client_id>/notes/add", views_records.add_note, name="note-add"),
    path("clients/notes/<uuid:note_id>/", views_records.note, name="note"),
    path("clients/notes/<uuid:note_id>/pin", views_records.pin_note, name="note-pin"),
    path("clients/notes/<uuid:note_id>/delete", views_records.delete_note, name="note-delete"),
    path("clients/<uuid:client_id>/documents/add", views_records.add_document, name="document-add"),
    path("clients/documents/<uuid:document_id>/", views_records.document, name="document"),
    path(
        "clients/documents/<uuid:document_id>/delete", views_records.delete_document, name="document-delete"
    ),
    path("clients/<uuid:client_id>/fields/", views_fields.of_client, name="client-fields"),
    path("sites/<uuid:site_id>/", views_fields.site, name="site"),
    path("devices/<uuid:device_id>/fields/", views_fields.of_device, name="device-fields"),
    path("import/", views_import.lists, name="import"),
    path("import/sample", views_import.sample, name="import-sample"),
    path("fields/", views_fields.fields, name="custom-fields"),
    path("fields/<uuid:field_id>/", views_fields.field, name="custom-field"),
    path("fields/<uuid:field_id>/delete", views_fields.delete, name="custom-field-delete"),
]

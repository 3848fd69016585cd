"""Registers the access module with Django."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The access module."""

    name = "predvid.modules.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

"""Registers the notifying module with Django."""

from django.apps import AppConfig


class NotifyingConfig(AppConfig):
    """The notifying module."""

    name = "predvid.modules.notifying"
    label = "notifying"
    default_auto_field = "django.db.models.BigAutoField"

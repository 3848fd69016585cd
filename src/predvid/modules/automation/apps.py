"""Registers the automation module with Django."""

from django.apps import AppConfig


class AutomationConfig(AppConfig):
    """The automation module."""

    name = "predvid.modules.automation"
    label = "automation"
    default_auto_field = "django.db.models.BigAutoField"

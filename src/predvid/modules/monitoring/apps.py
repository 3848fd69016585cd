"""Registers the monitoring module with Django."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """The monitoring module."""

    name = "predvid.modules.monitoring"
    label = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"

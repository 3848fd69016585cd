"""Registers the inventory module with Django."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The inventory module."""

    name = "predvid.modules.inventory"
    label = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

"""Loads a module that needs Django's models, which exist only after Django's set-up."""

import os
from importlib import import_module
from typing import Any

import django


def after_setup(name: str) -> Any:
    """Return the module `name`, loaded after Django's set-up (which happens once a process)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "predvid.server.settings")
    os.environ.setdefault("PREDVID_PART", "verb")
    django.setup()
    return import_module(name)

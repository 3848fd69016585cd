"""Finds every call that the files in `resources` offer: a new kind of thing is a new file."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from predvid.modules.api import resources
from predvid.modules.api.route import Route


@cache
def routes() -> tuple[Route, ...]:
    """Return all calls, by path and method."""
    names = [module.name for module in pkgutil.iter_modules(resources.__path__)]
    modules = [import_module(f"{resources.__name__}.{name}") for name in names]
    found = (getattr(each, "route", None) for module in modules for each in vars(module).values())
    return tuple(sorted((r for r in found if isinstance(r, Route)), key=lambda r: (r.path, r.method)))


def by_path() -> Mapping[str, Mapping[str, Route]]:
    """Return the calls of each path by method. Raises ValueError where two answer the same."""
    paths: dict[str, dict[str, Route]] = {}
    for route in routes():
        if route.method in paths.setdefault(route.path, {}):
            raise ValueError(f"two calls answer {route.method} {route.path}")
        paths[route.path][route.method] = route
    return paths

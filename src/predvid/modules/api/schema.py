"""The document of the API (OpenAPI 3.1), made from the calls themselves."""

import re
from functools import cache
from typing import Any

import msgspec

from predvid import __version__
from predvid.modules.api.loading import by_path
from predvid.modules.api.problems import TYPE, ProblemDocument
from predvid.modules.api.route import CONVERTERS, Route

ROOT = "/api/v1"
REF = "#/components/schemas/{name}"
ABOUT = (
    "Devices, alerts, events, clients, policies and tasks of one Predvid, for programs. A call asks for the "
    "same verbs as the page that does the same, and sees the same clients. See docs/api.md."
)
PLACE_SCHEMAS = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "str": {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[a-z_]+$"},
}
# What any call may answer but its own; 413 and 415 only where a body is sent.
PROBLEMS = {
    "400": "The body is no JSON.",
    "401": "No token, or none that is valid.",
    "403": "The token or its person may not do this.",
    "404": "Not there, or not to be seen.",
    "405": "The address does not answer this method.",
    "410": "The device was merged into another; `detail` names it.",
    "409": "The thing's present state does not allow it.",
    "413": "The body is too large.",
    "415": "The body is not sent as JSON.",
    "422": "A value does not fit; `errors` says which.",
    "429": "Too many calls, or too many wrong tokens from this address.",
    "500": "Failed inside.",
    "503": "A part of the platform does not answer now.",
}
ONLY_WITH_BODY = {"400", "413", "415"}


@cache
def document() -> dict[str, Any]:
    """Return the document as JSON-like values."""
    paths = {
        f"{ROOT}/{path}": {method.lower(): _operation(route) for method, route in methods.items()}
        for path, methods in by_path().items()
    }
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {
            "title": "Predvid",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _components(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "pvt_..."}},
            "responses": {status: _problem(words) for status, words in PROBLEMS.items()},
        },
    }


def _routes() -> list[Route]:
    return [route for methods in by_path().values() for route in methods.values()]


def _components() -> dict[str, Any]:
    kinds = [kind for route in _routes() for kind in (route.body, route.answer) if kind is not None]
    return msgspec.json.schema_components([*kinds, ProblemDocument], ref_template=REF)[1]


def _schema(kind: Any) -> dict[str, Any]:
    return msgspec.json.schema_components([kind], ref_template=REF)[0][0]


def _operation(route: Route) -> dict[str, Any]:
    first, _, rest = route.says.partition(". ")
    known = {key: {"$ref": f"#/components/responses/{key}"} for key in sorted(_problems(route))}
    made = {
        "operationId": route.name,
        "tags": [route.path.partition("/")[0]],
        "summary": first.rstrip("."),
        "parameters": _parameters(route),
        "responses": {str(route.status): _given(route), **known},
    }
    if rest:
        made["description"] = rest
    if route.verb is not None:
        made["x-predvid-verb"] = route.verb
    if route.body is not None:
        content = {"application/json": {"schema": _schema(route.body)}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _problems(route: Route) -> set[str]:
    known = set(PROBLEMS)
    if route.method == "GET":
        known -= {"409"}
    if route.body is None:
        known -= ONLY_WITH_BODY
    return known if route.method == "GET" and "device_id" in route.places else known - {"410"}


def _given(route: Route) -> dict[str, Any]:
    headers = {
        name: {"description": says, "schema": {"type": "string"}}
        for name, says in (
            ("RateLimit-Policy", "How many calls a token has in which time."),
            ("RateLimit", "How many of them are left, and for how long."),
        )
    }
    content = {"application/json": {"schema": _schema(route.answer)}}
    return {
        "description": "Done." if route.method != "GET" else "Found.",
        "headers": headers,
        "content": content,
    }


def _parameters(route: Route) -> list[dict[str, Any]]:
    places = [
        {"name": name, "in": "path", "required": True, "schema": PLACE_SCHEMAS[CONVERTERS[kind]]}
        for name, kind in route.places.items()
    ]
    if route.query is None:
        return places
    asked = _inlined(route.query)
    words = _field_words(route.query)
    return places + [
        {
            "name": name,
            "in": "query",
            "required": name in asked.get("required", ()),
            "description": words.get(name, ""),
            "schema": schema,
        }
        for name, schema in asked["properties"].items()
    ]


def _inlined(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the schema of a query, whose parts stand one by one."""
    found = msgspec.json.schema_components([kind], ref_template=REF)[1]
    whole: dict[str, Any] = found[kind.__name__]
    return whole


def _field_words(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return what the docstring of a query says of each part, as `name: words` lines."""
    return dict(re.findall(r"^\s*(\w+): (.+)$", kind.__doc__ or "", re.MULTILINE))


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {TYPE: {"schema": {"$ref": REF.format(name="ProblemDocument")}}}}

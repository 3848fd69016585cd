"""The API's document is true: calls that a program makes of it get what it promises, and none fails."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import connections, transaction
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings, strategies
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis.checks import ignored_auth, negative_data_rejection, positive_data_acceptance
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import ParameterLocation

from console_fixture import World
from predvid.checks import registry
from predvid.modules.access import token_actions
from predvid.modules.access.models import Client
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import FOR_TOKENS
from predvid.modules.api import serving
from predvid.modules.api.budget import Budget
from predvid.modules.api.loading import routes
from predvid.modules.automation.models import Task
from predvid.modules.inventory.models import Agent, Device, DeviceGroup, Site
from predvid.modules.monitoring.models import Alert, MaintenanceWindow

CASES = 12  # of each call, in `make test`
MANY = 200
# What no schema can say: names of time zones, a span that begins before it ends.
BEYOND_SCHEMA = {
    "add_site",
    "list_samples",
    "add_window",
    "snooze_alert",
    "assign_alert",
    "acknowledge_alert",
}


@pytest.fixture
def token(ground: object, console_tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The text of an owner's token, in a small world that ends with the test."""
    monkeypatch.setattr(serving, "BUDGET", Budget(10**9, 60))
    # A real request ends by looking whether its connection is still good; this one's transaction is ours.
    monkeypatch.setattr(connections["default"], "close_if_unusable_or_obsolete", lambda: None)
    with transaction.atomic():
        world = World()
        for name in ("Hotel", "Škola"):
            world.client(name)
            world.device(world.sites[-1], f"{name}-SRV", state=3)
            world.task(world.sites[-1])
            world.window(world.clients[-1])
        owner = viewer_of(world.person("vlasnica@example.com", role="owner", all_clients=True))
        _, text = token_actions.make_token(owner, "x", FOR_TOKENS, None, timedelta(days=1), timezone.now())
        yield text
        transaction.set_rollback(True)


def test_the_document_is_openapi_3_1(console_tables: None) -> None:
    answer = Browser().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    validate(answer.json())
    calls = {f"{method} {path}" for path, methods in answer.json()["paths"].items() for method in methods}
    assert calls == {f"{route.method.lower()} /api/v1/{route.path}" for route in routes()}
    named = [route.name for route in routes()]
    assert len(named) == len(set(named)), "operation ids are unique"


def tried(token: str, cases: int) -> Counter[int]:
    """Call everything that the document describes, half with values that do not fit; return the statuses.

    Where a value names a thing, every other call names one that there is.
    """
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    answers: Counter[int] = Counter()
    tables = {"device_id": Device, "agent_id": Agent, "client_id": Client, "alert_id": Alert}
    known = {**tables, "task_id": Task, "window_id": MaintenanceWindow}
    DeviceGroup.objects.create(name="Hitni")
    known |= {"site_id": Site, "group_id": DeviceGroup}
    real = {"role": "server"} | {
        name: str(table._default_manager.values_list("pk", flat=True)[0]) for name, table in known.items()
    }
    for found, mode in product(schema.get_all_operations(), GenerationMode):
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode), there=strategies.booleans())
        @settings(
            max_examples=cases,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def call(case: Any, there: bool) -> None:
            if there and case.path_parameters:
                case.path_parameters = {name: real[name] for name in case.path_parameters}
            savepoint = transaction.savepoint()
            response = case.call(headers={"Authorization": f"Bearer {token}"})
            transaction.savepoint_rollback(savepoint)
            answers[response.status_code] += 1
            # Tokens are held by tests of their own; a real path in place of a bad one is no longer bad.
            part = case.meta.components.get(ParameterLocation.HEADER)
            mended = there or (part is not None and part.mode is GenerationMode.NEGATIVE)  # by our token
            excluded = [ignored_auth, *([negative_data_rejection] if mended else [])]
            if case.operation.definition.raw["operationId"] in BEYOND_SCHEMA or of_a_known_check(case):
                excluded.append(positive_data_acceptance)
            case.validate_response(response, excluded_checks=excluded)

        with suppress(Unsatisfiable):  # a call that takes no value has none that does not fit
            call()
    return answers


def of_a_known_check(case: Any) -> bool:
    """Tell whether a call sets fields of an installed check: only its own fit, which no schema says."""
    return isinstance(case.body, dict) and str(case.body.get("check")) in registry.checks()


def told(answers: Counter[int]) -> None:
    by_status = dict(sorted(answers.items()))
    sys.stdout.write(f"\nAPI: {answers.total()} generated calls, 0 failures; by status {by_status}\n")


def test_generated_calls_get_what_the_document_promises(token: str) -> None:
    answers = tried(token, CASES)
    told(answers)
    assert answers.total() >= CASES * len(routes()) / 2
    assert answers[200]


@pytest.mark.long
def test_many_generated_calls_get_what_the_document_promises(token: str) -> None:
    answers = tried(token, MANY)
    told(answers)
    assert answers[200]

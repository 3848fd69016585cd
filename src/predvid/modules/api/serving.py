"""Answers a call: who asks, may they, what they asked for; the database shows it their clients alone."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from predvid.core.errors import UserError
from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied, require
from predvid.modules.access.pages import caller, refusal
from predvid.modules.access.queries_tokens import viewer_by
from predvid.modules.access.rules import Viewer
from predvid.modules.api import asking
from predvid.modules.api.budget import Budget
from predvid.modules.api.problems import Problem, away, unknown
from predvid.modules.api.route import Route
from predvid.modules.monitoring.store import StoreRefused, StoreUnavailable

log = logging.getLogger(__name__)
BUDGET = Budget(settings.API_CALLS_A_MINUTE, 60)
ENCODE = msgspec.json.Encoder().encode
View = Callable[..., HttpResponse]


def view_of(routes: Mapping[str, Route]) -> View:
    """Return the view of one path; `routes` by method. Without any it is the view of what is not there."""

    @csrf_exempt  # no cookie counts here (see `server.without_cookies`), so no form can act for anybody
    @login_not_required
    def view(request: HttpRequest, **places: Any) -> HttpResponse:
        try:
            answer = _answer(request, routes, places)
        except Problem as problem:
            answer = problem.response()
        except (StoreUnavailable, StoreRefused):
            answer = away("store").response()
        except (OperationalError, InterfaceError) as error:
            log.error("the database does not answer: %s", error)
            answer = away("database").response()
        except Exception:
            log.exception("%s %s", request.method, request.path)
            answer = Problem(500, "failed", "This failed inside; the server's log tells why.").response()
        if request.method == "HEAD":
            answer.content = b""
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    view.routes = routes  # type: ignore[attr-defined]  # the matrix of all addresses reads them
    return view


def _answer(request: HttpRequest, routes: Mapping[str, Route], places: Mapping[str, Any]) -> HttpResponse:
    token = asking.token_of(request)
    left = BUDGET.take(token.pk, timezone.now().timestamp())
    told = BUDGET.headers(left)
    try:
        if left.calls < 0:
            headers = {"Retry-After": str(left.seconds)}
            raise Problem(429, "too-many", "Too many calls with this token; wait.", headers=headers)
        viewer = viewer_by(token, caller(request))
        with tenancy.seen_by(viewer):
            answer = _called(request, _route(request, routes), viewer, places)
    except Problem as problem:
        problem.headers.update(told)
        raise
    for name, value in told.items():
        answer.headers[name] = value
    return answer


def _route(request: HttpRequest, routes: Mapping[str, Route]) -> Route:
    if not routes:
        raise unknown()
    found = routes.get("GET" if request.method == "HEAD" else str(request.method))
    if found is None:
        allowed = ", ".join(sorted({*routes, *(["HEAD"] if "GET" in routes else [])}))
        raise Problem(405, "method", f"This address answers {allowed}.", headers={"Allow": allowed})
    return found


def _called(request: HttpRequest, route: Route, viewer: Viewer, places: Mapping[str, Any]) -> HttpResponse:
    with translation.override(viewer.language):
        try:
            if route.verb is not None:
                require(viewer, route.verb)
            given = dict(places)
            if route.query is not None:
                given["query"] = asking.query_of(request, route.query)
            if route.body is not None:
                given["body"] = asking.body_of(request, route.body)
            content = ENCODE(route.call(viewer, **given))
        except NotVisible:
            raise unknown() from None
        except Denied as error:
            raise Problem(403, "forbidden", refusal(error)) from None
        except UserError as error:
            raise Problem(409, "conflict", refusal(error)) from None
    answer = HttpResponse(content, status=route.status, content_type="application/json")
    answer.headers["Content-Language"] = viewer.language
    return answer

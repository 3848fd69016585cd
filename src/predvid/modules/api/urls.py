"""Addresses of the API: what the calls ask for, the document, and an honest answer to everything else."""

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.http import require_safe

from predvid.modules.api import schema, serving
from predvid.modules.api.loading import by_path


@login_not_required
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Answer the document of the API, to anyone: it says nothing of this installation."""
    return HttpResponse(msgspec.json.encode(schema.document()), content_type="application/json")


urlpatterns = [
    path("api/v1/openapi.json", openapi),
    *(
        path(f"api/v1/{next(iter(routes.values())).django_path}", serving.view_of(routes))
        for routes in by_path().values()
    ),
    # Whatever else there is below, line breaks in it included.
    re_path("^api/", serving.view_of({})),
]

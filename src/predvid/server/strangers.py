"""Asks strangers to sign in and brings them to a page then, never to a form; no page without a due factor."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone

from predvid.modules.access.sign_in_state import factor_overdue
from predvid.modules.access.way_back import is_ours


class SignInFirst(LoginRequiredMiddleware):
    """Django's own, but a form that was sent after the session ended leads back to the page it stood on."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Lead strangers to the sign-in, and staff whose second factor is overdue to setting one up."""
        answer: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        if answer is not None or not request.user.is_authenticated:
            return answer
        free = not getattr(view_func, "factor_required", True) or not getattr(
            view_func, "login_required", True
        )
        return None if free or not factor_overdue(request.session, timezone.now()) else redirect("protect")

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        """Redirect to the sign-in page, which goes on to the page asked for or to the form's page."""
        if request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        page = request.POST.get("back", "")
        return redirect_to_login(page if is_ours(request, page) else "/", settings.LOGIN_URL)

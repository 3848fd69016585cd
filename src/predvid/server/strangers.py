"""Asks strangers to sign in, and afterwards brings them to a page, never to the address of a form."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect

from predvid.modules.access.pages import is_ours


class SignInFirst(LoginRequiredMiddleware):
    """Django's own, but a form that was sent after the session ended leads back to the page it stood on."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        """Redirect to the sign-in page, which goes on to the page asked for or to the form's page."""
        if request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        page = request.POST.get("back", "")
        return redirect_to_login(page if is_ours(request, page) else "/", settings.LOGIN_URL)

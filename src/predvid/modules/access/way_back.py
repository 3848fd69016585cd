"""Which addresses a form, a link or a sign-in may lead back to: paths of this console and nothing else."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def is_ours(request: HttpRequest, address: str) -> bool:
    """Tell whether `address` is the path of a page of this console, which a form may lead back to."""
    path = address.startswith("/")
    return path and url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})

"""What the pages of modules below show of tasks: a device's tasks, its menu of templates, states in words."""

from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from predvid.core.errors import UserError
from predvid.modules.automation.models import Task, TaskRequest
from predvid.modules.automation.queries import authority as held
from predvid.modules.automation.queries import tasks as queries
from predvid.server.templatetags.predvid import icon

register = template.Library()
ICONS = {
    "waiting": ("hourglass", "waiting"),
    "queued": ("hourglass", "waiting"),
    "leased": ("hourglass", "info"),
    "started": ("player-play", "info"),
    "running": ("player-play", "info"),
    "done": ("circle-check", "ok"),
    "failed": ("alert-triangle", "critical"),
    "refused": ("lock", "critical"),
    "unknown": ("help-circle", "unknown"),
    "halted": ("alert-octagon", "critical"),
    "cancelled": ("x", "offline"),
    "expired": ("hourglass", "offline"),
}


@register.inclusion_tag("inventory/_command.html")
def command_here(id: str, words: str) -> dict[str, str]:
    """Show `predvid words` as it can be pasted on this server's own machine."""
    return {"id": id, "command": settings.PLACE.command(*words.split())}


@register.inclusion_tag("inventory/_command.html")
def operator_command(id: str, words: str) -> dict[str, str]:
    """Show `predvid words` for an operator's machine: this one, where no other reaches the server."""
    if settings.PLACE.only_here:
        return command_here(id, words)
    return {"id": id, "command": f"predvid {words}"}


@register.simple_tag
def task_state(row: Task | TaskRequest) -> SafeString:
    """Return the state of a task or request as icon and word."""
    name, tone = ICONS.get(row.state, ("activity", "waiting"))
    return format_html(
        '<span class="st st-{}">{}<span>{}</span></span>', tone, icon(name, 17), row.get_state_display()
    )


@register.inclusion_tag("automation/_device_tasks.html", takes_context=True)
def device_tasks(context: Context, device: Any) -> dict[str, Any]:
    """Return the newest tasks of a device, and whether something unsigned was tried there."""
    viewer = context["viewer"]
    return {
        "tasks": queries.of_device(viewer, device),
        "refused_open": queries.refused_open(viewer, device),
        "device": device,
        "viewer": viewer,
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("automation/_run_menu.html", takes_context=True)
def run_menu(context: Context, device: Any) -> dict[str, Any]:
    """Return the templates that may run on a device, or why none may."""
    viewer = context["viewer"]
    if not viewer.may("task.request", device.client_id):
        return {"shown": False}
    try:
        aim, publications = held.runnable(viewer, device.pk, timezone.now())
    except UserError:
        return {"shown": False}
    return {"shown": True, "aim": aim, "publications": publications, "device": device}

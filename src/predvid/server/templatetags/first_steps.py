"""The guide of a new installation: what is done, what comes next; the second device ends it."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.queries import devices as device_queries
from predvid.modules.monitoring.queries.standing import Counts
from predvid.modules.notifying import queries as notices

register = template.Library()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `done` is read from the data, never ticked by hand; `address` is where it is done."""

    title: str
    about: str
    action: str
    address: str
    done: bool


@register.inclusion_tag("_first_steps.html", takes_context=True)
def first_steps(context: Context) -> dict[str, Any]:
    """Show the steps that a new installation still needs, to who may do them all."""
    viewer, counts = context.get("viewer"), context.get("counts")
    found = steps(viewer, counts) if viewer is not None and counts is not None else []
    return {"steps": found, "next": next((step.address for step in found if not step.done), "")}


def steps(viewer: Viewer, counts: Counts) -> list[Step]:
    """Return the steps of a new installation in order, to who may do them all.

    None once two approved devices are there.

    An installation in use is asked nothing more than what its pages count anyway.
    """
    able = viewer.may("device.enrol") and viewer.may("route.change") and viewer.may("client.add")
    if counts.devices - counts.pending > 1 or not viewer.sees(None) or not able:
        return []
    return [
        Step(
            _("This server watches itself"),
            _("Its own agent reports every few seconds: look at its checks, charts and inventory."),
            _("Look at the device"),
            reverse("devices"),
            counts.devices > counts.pending,
        ),
        Step(
            _("Write down your first client"),
            _("A client is a firm you look after; its sites hold its devices. Lists come in by CSV too."),
            _("Add a client"),
            reverse("clients"),
            len(device_queries.clients(viewer)) > 1,
        ),
        Step(
            _("Say who is told of alerts"),
            _("A channel is the way out (a mail server, a webhook), a route says who hears what and when."),
            _("Set up notifications"),
            reverse("routes"),
            bool(notices.routes(viewer)),
        ),
        Step(
            _("Enrol a second device"),
            _("One command there, one click here. Its first measurements appear within a minute.")
            if not counts.pending
            else _("A device has answered and waits for your approval."),
            _("Enrol a device") if not counts.pending else _("Approve it"),
            reverse("enrol"),
            False,
        ),
    ]

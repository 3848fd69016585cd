"""The audit in the reader's words: verbs, kinds of objects, names of fields."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

VERBS = {
    "person.signed_in": _("Sign-in"),
    "person.sign_in_failed": _("Failed sign-in"),
    "person.signed_out": _("Sign-out"),
    "person.link_made": _("One-time link made"),
    "person.added": _("Person added"),
    "person.changed": _("Profile changed"),
    "person.password_changed": _("Password changed"),
    "api_token.made": _("API token made"),
    "api_token.revoked": _("API token revoked"),
    "api_token.refused": _("Wrong API token"),
    "client.added": _("Client added"),
    "site.added": _("Site added"),
    "token.made": _("Enrolment token made"),
    "agent.enrolled": _("Agent enrolled"),
    "agent.approved": _("Agent approved"),
    "agent.revoked": _("Agent refused"),
    "agent.released": _("Locked agent released"),
    "device.moved": _("Device moved here"),
    "device.moved_away": _("Device moved to another client"),
    "device.merged": _("Devices merged"),
    "alert.acknowledged": _("Alert acknowledged"),
    "alert.noted": _("Note written"),
}
KINDS = {
    "person": pgettext("audit", "person"),
    "client": pgettext("audit", "client"),
    "site": pgettext("audit", "site"),
    "token": pgettext("audit", "token"),
    "api_token": pgettext("audit", "API token"),
    "agent": pgettext("audit", "agent"),
    "device": pgettext("audit", "device"),
    "alert": pgettext("audit", "alert"),
}
FIELDS = {
    "name": pgettext("audit", "name"),
    "role": pgettext("audit", "role"),
    "language": pgettext("audit", "language"),
    "theme": pgettext("audit", "appearance"),
    "hours": pgettext("audit", "valid for hours"),
    "sector": pgettext("audit", "sector"),
    "site": pgettext("audit", "site"),
    "timezone": pgettext("audit", "time zone"),
    "uses": pgettext("audit", "number of devices"),
    "approves": pgettext("audit", "approves without asking"),
    "state": pgettext("audit", "state"),
    "phase": pgettext("audit", "state"),
    "since": pgettext("audit", "from date"),
    "other": pgettext("audit", "merged device"),
    "other_id": pgettext("audit", "its number"),
    "verbs": pgettext("audit", "verbs"),
    "days": pgettext("audit", "valid for days"),
    "clients": pgettext("audit", "only for clients"),
    "note": pgettext("audit", "note number"),
}
REASONS = {"command line": _("by command line"), "one-time link": _("by one-time link")}

"""How a client stands, in one sentence: what a technician or the client itself reads first."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from predvid.core import wording
from predvid.modules.monitoring.queries.standing import Health


def in_one_sentence(health: Health, language: str) -> str:
    """Return the sentence: trouble first, the most pressing of it foremost, then how many are fine."""
    total = health.total
    if not total:
        return _("Nothing is watched yet: this client has no devices.")
    trouble = _trouble(health, language)
    if not trouble and health.by_standing["waiting"] == total:
        return _("No device has reported yet.")
    if not trouble:
        said = ngettext(
            "All is well: the device reports and nothing is open.",
            "All is well: %(n)s devices are watched and nothing is open.",
            total,
        )
        return said % {"n": wording.number(total, language)}
    fine = _("%(fine)s of %(all)s devices are all right.") % {
        "fine": wording.number(health.by_standing["ok"], language),
        "all": wording.number(total, language),
    }
    first = ", ".join(trouble)
    return f"{first[:1].upper()}{first[1:]}. {fine}"


def _trouble(health: Health, language: str) -> list[str]:
    """Return what is wrong in clauses, the most pressing first."""
    silent = health.by_standing["offline"]
    told = (
        (
            health.critical,
            ngettext("%(n)s critical alert is open", "%(n)s critical alerts are open", health.critical),
        ),
        (silent, ngettext("%(n)s device is silent", "%(n)s devices are silent", silent)),
        (
            health.other,
            ngettext("%(n)s less urgent alert is open", "%(n)s less urgent alerts are open", health.other),
        ),
    )
    return [pattern % {"n": wording.number(n, language)} for n, pattern in told if n]

"""Verbs on policies: set and reset settings of a check at one place. Each owns its transaction."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Device, DeviceGroup, Site
from predvid.modules.monitoring.models import PolicySetting, TemplateSetting
from predvid.modules.monitoring.queries.places import given, ground, place, stored, version
from predvid.modules.monitoring.reaching import Place, concern
from predvid.modules.monitoring.unfit import fit


class Outrun(UserError):
    """Somebody else changed the same settings meanwhile; nothing was written."""


@transaction.atomic
def change(
    viewer: Viewer,
    kind: str,
    key: str | UUID,
    check: str,
    values: Mapping[str, Any],
    reset: Collection[str],
    now: datetime,
    expected: str | None = None,
) -> Place:
    """Set `values` (field -> JSON-like) of a check at a place, and take back what is set of `reset` there.

    `expected` is the version that the person saw; None: whatever stands there. Every device concerned gets a
    new plan and is judged anew. Raises NotVisible, Denied, Unfit (naming the field), Outrun.
    """
    at = place(viewer, kind, key, "policy.change")
    _hold(at)
    before = given(at, check)
    if expected is not None and version(before) != expected:
        raise _outrun()
    for name, value in values.items():
        fit(check, name, value)
    after = {name: value for name, value in before.items() if name not in reset} | dict(values)
    if after == before:
        return at
    _write(at, check, before, after)
    concern([device.pk for device in ground(viewer, at).devices], now)
    subject = Subject("role" if at.kind == "template" else at.kind, str(at.key), at.name)
    audit.record(
        viewer, "policy.changed", subject, at.client, now,
        before={"check": check, "values": _told(before)}, after={"check": check, "values": _told(after)},
    )  # fmt: skip
    return at


def _outrun() -> Outrun:
    return Outrun(
        "Somebody changed these settings meanwhile. What they set is shown; your values are still in the "
        "form."
    )


def _hold(at: Place) -> None:
    """Hold a place until the transaction ends, so that of two people who save the second sees the first's.

    The MSP's own templates have no row to hold: there the table's rows of the role are held.
    """
    tables: Mapping[str, Any] = {"client": Client, "site": Site, "group": DeviceGroup, "device": Device}
    if at.kind in tables:
        list(tables[at.kind].objects.select_for_update().filter(pk=at.key).values_list("pk"))
    else:
        list(TemplateSetting.objects.select_for_update().filter(role=at.key).values_list("pk"))


def _write(at: Place, check: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    gone = [name for name in before if name not in after or after[name] != before[name]]
    stored(at).filter(check_name=check, field__in=gone).delete()
    new = {name: value for name, value in after.items() if name not in before or name in gone}
    words = [{"check_name": check, "field": name, "value": value} for name, value in new.items()]
    if at.kind == "template":
        rows = [TemplateSetting(role=str(at.key), **one) for one in words]
        try:
            with transaction.atomic():
                TemplateSetting.objects.bulk_create(rows)
        except IntegrityError:  # of an empty template there was nothing to hold
            raise _outrun() from None
        return
    where: dict[str, Any] = {"client_id": at.client}
    if at.kind != "client":
        where[f"{at.kind}_id"] = at.key
    PolicySetting.objects.bulk_create(PolicySetting(**where, **one) for one in words)


def _told(values: Mapping[str, Any]) -> str:
    """Return settings as the audit tells them."""
    return "; ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())

"""Seals and opens the fields of rows with their tenant's data key; all that is sealed goes through here."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Model

from predvid.modules.access import envelope, key_file, tenancy
from predvid.modules.access.envelope import DataKey, Field, Masters
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.access.models import DataKeyLatch, TenantKey
from predvid.modules.access.sealed_field import SealedField


def tenant_of(client: UUID | None) -> str:
    """Return the tenant of a client's rows, or of the platform's own (None)."""
    return str(client) if client else envelope.PLATFORM_TENANT


def place_of(row: Model, name: str) -> Field:
    """Return where the field `name` of `row` stands; its tenant is its client, if it has one."""
    if row.pk is None:
        raise RuntimeError("A row has its primary key before anything of it is sealed.")
    return Field(tenant_of(getattr(row, "client_id", None)), row._meta.db_table, str(row.pk), name)


def seal(row: Model, name: str, plain: bytes) -> None:
    """Put `plain`, sealed, into the field `name` of `row`, to be saved by the caller. Raises KeyUnusable."""
    setattr(row, name, encrypt(place_of(row, name), plain))


def unseal(row: Model, name: str) -> bytes:
    """Return what the field `name` of `row` holds. Raises KeyUnusable, or Damaged if it does not open.

    A rotation may have ended between the reading of the row and of its key: then both are read once more.
    """
    place = place_of(row, name)
    try:
        return decrypt(place, bytes(getattr(row, name)))
    except envelope.Damaged:
        row.refresh_from_db(fields=[name])
        return decrypt(place, bytes(getattr(row, name)))


def encrypt(place: Field, plain: bytes) -> bytes:
    """Return `plain` sealed for `place`. Raises KeyUnusable.

    The data key stays held to the end of the caller's transaction, so that no rotation comes between.
    Whoever locks rows that hold sealed fields calls `hold` first: a rotation takes keys, then rows.
    """
    with transaction.atomic():
        return envelope.seal(_key_to_seal(place.tenant), place, plain)


def hold(client: UUID | None) -> None:
    """Hold the data key of a client (or of the platform) to the end of the transaction, if it has one."""
    list(TenantKey.objects.select_for_update().filter(tenant=tenant_of(client)))


def decrypt(place: Field, blob: bytes) -> bytes:
    """Return what `encrypt` took for `place`. Raises KeyUnusable or Damaged."""
    try:
        return _decrypted(place, blob)
    except KeyUnusable:  # the data key was read before a rotation ended, the master key after
        return _decrypted(place, blob)


def _decrypted(place: Field, blob: bytes) -> bytes:
    row = TenantKey.objects.filter(tenant=place.tenant).first()
    if row is None:
        raise envelope.Damaged(f"the data key of {place} is gone")
    return envelope.unseal(opened(row, held_masters()), place, blob)


def key_path() -> Path:
    """Return the file with the master key."""
    path: Path = settings.PLACE.secrets_key
    return path


def held_masters() -> Masters:
    """Return the master keys. Raises KeyUnusable."""
    return key_file.masters(key_path())


def opened(row: TenantKey, masters: Masters) -> DataKey:
    """Return the data key of `row`. Raises Damaged, or KeyUnusable where it has another master key."""
    try:
        return envelope.unwrap(masters, row.tenant, row.number, bytes(row.wrapped))
    except envelope.UnknownMaster as unknown:
        raise KeyUnusable(
            "%(path)s is not the key with which the secrets were sealed (that is key %(id)s): put the right "
            "one back, or restore it with predvid secrets recovery --restore FILE.",
            path=str(key_path()),
            id=str(unknown),
        ) from None
    except envelope.Damaged:
        raise envelope.Damaged(f"the data key of {row.tenant} is damaged") from None


def _key_to_seal(tenant: str) -> DataKey:
    """Return the tenant's data key, held; made if there was none."""
    row = TenantKey.objects.select_for_update().filter(tenant=tenant).first()
    if row is None:
        list(DataKeyLatch.objects.select_for_update())
        row = TenantKey.objects.select_for_update().filter(tenant=tenant).first() or _made(tenant)
    return opened(row, held_masters())


def _made(tenant: str) -> TenantKey:
    """Make a tenant's data key; the very first of an installation makes the master key too."""
    prepare()
    master, data = held_masters()[0], envelope.new_data_key(1)
    client = None if tenant == envelope.PLATFORM_TENANT else UUID(tenant)
    return TenantKey.objects.create(
        tenant=tenant, client_id=client, number=1, wrapped=envelope.wrap(master, tenant, data)
    )


def prepare() -> None:
    """Make the master key where nothing was ever sealed; one that is missing later is never made anew."""
    if not in_use():
        key_file.make(key_path())


def in_use() -> bool:
    """Tell whether anything was ever sealed here, for whomever: who sees few clients asks for all of them."""
    with tenancy.as_platform():
        return TenantKey.objects.exists()


def trouble() -> KeyUnusable | None:
    """Return why no secret can be opened now; None where all is well or nothing was ever sealed.

    One tenant's damaged data key among others is not the installation's trouble; `verify` names it.
    """
    try:
        fits(held_masters() if in_use() else ())
    except KeyUnusable as unusable:
        return unusable
    return None


def fits(masters: Masters) -> None:
    """Return if `masters` open some data key, or there is none to open; raise KeyUnusable."""
    unusable: KeyUnusable | None = None
    with tenancy.as_platform():
        rows = list(TenantKey.objects.all())
    for row in rows:
        try:
            opened(row, masters)
        except KeyUnusable as error:
            unusable = error
        except envelope.Damaged:
            continue
        else:
            return
    if unusable is not None:
        raise unusable


def sealed_columns() -> Iterator[tuple[type[Model], str]]:
    """Yield (model, field) of every sealed column of the installation."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, SealedField):
                yield model, field.name

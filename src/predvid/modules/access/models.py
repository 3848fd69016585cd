"""Tables of people and clients. A tenant is a Client; rows without one belong to the whole MSP."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.sealed_field import SealedField


class Client(models.Model):
    """A firm under a program: prospect, client or former."""

    class Standing(models.TextChoices):
        PROSPECT = "prospect", _("prospect")
        CLIENT = "client", _("client")
        FORMER = "former", _("former client")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    sector = models.CharField(max_length=80, blank=True)
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.CLIENT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["Person"]):
    """Finds people by their address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Someone who signs in; `clients` narrows what they see unless `all_clients`."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MANAGER = "manager", _("service manager")
        TECHNICIAN = "technician", _("technician")
        ACCOUNT_MANAGER = "account_manager", _("account manager")
        CLIENT_CONTACT = "client_contact", _("client contact")
        AUDITOR = "auditor", _("auditor")

    class Theme(models.TextChoices):
        AUTO = "auto", _("as the system")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.TECHNICIAN)
    language = models.CharField(max_length=2, choices=[("hr", "Hrvatski"), ("en", "English")], default="hr")
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO)
    all_clients = models.BooleanField(default=False)
    clients = models.ManyToManyField(Client, blank=True, related_name="people")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = People()

    def __str__(self) -> str:
        return self.name


class SignInLink(models.Model):
    """A one-time link, stored as the SHA-256 of its secret. Without a person it makes the first owner."""

    secret_hash = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class Attempt(models.Model):
    """A failed sign-in, kept for the lock-out: by the SHA-256 of the address tried and by the caller."""

    subject_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject_hash", "at"])]


class AuditChain(models.Model):
    """The newest number and hash of one chain of the audit: a client's, or the whole MSP's (`rules.MSP`).

    Whoever writes an entry holds this row, so that two writers cannot both be next. Triggers of the database
    refuse to delete it or to move it other than by one.
    """

    chain = models.CharField(max_length=36, primary_key=True)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)


class AuditEntry(models.Model):
    """One deed: who, what, before, after, why, when, from where; chained by `rules.seal`, never changed.

    Triggers of the database refuse UPDATE, DELETE and TRUNCATE; a migration that alters this table must make
    them again (see 0002_audit). Every column is kept as the exact text or number that the hash covers, so
    that no byte can change unnoticed; there are no foreign keys, for an entry outlives what it tells of.

    Privacy: people stand here as id and display name at the time (and the address they came from); as
    objects by id alone, and `before` and `after` name their personal fields without the values. The chain
    does not hold the name itself but `name_hash`, SHA-256 over `salt` and name. Erasing a person will replace
    `name` by `rules.pseudonym` and empty `salt`: nothing tells the name then, and the chain still verifies.
    """

    pk = models.CompositePrimaryKey("chain", "number")
    chain = models.CharField(max_length=36)
    number = models.BigIntegerField()
    at = models.BigIntegerField()  # microseconds since 1970
    person = models.CharField(max_length=36, blank=True)
    name = models.CharField(max_length=120, blank=True)
    salt = models.CharField(max_length=32, blank=True)
    name_hash = models.CharField(max_length=64)
    verb = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=20)
    object_id = models.CharField(max_length=36, blank=True)
    object_name = models.CharField(max_length=255, blank=True)
    before = models.TextField()
    after = models.TextField()
    why = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=64, blank=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-at"], name="audit_newest"),
            models.Index(fields=["person", "-at"], name="audit_by_person"),
            models.Index(fields=["verb", "-at"], name="audit_by_verb"),
        ]


class DataKeyLatch(models.Model):
    """One row, held by whoever makes or replaces data keys, so that none is made while they are rotated."""

    rotated_at = models.DateTimeField(null=True, blank=True)


class TenantKey(models.Model):
    """The data key of one tenant, wrapped by the installation's master key (see `envelope`).

    `tenant` is a client's id, or `envelope.PLATFORM_TENANT`; `number` grows with each rotation.
    """

    tenant = models.CharField(max_length=36, primary_key=True)
    client = models.OneToOneField(Client, null=True, blank=True, on_delete=models.CASCADE)
    number = models.PositiveIntegerField(default=1)
    wrapped = models.BinaryField(max_length=128)
    made_at = models.DateTimeField(auto_now=True)


class Secret(models.Model):
    """A credential of a client: what it is for is open, its value is sealed and never shown again.

    `site` is the id of the client's site that alone it is for, None for the whole client; sites belong to
    the inventory, which stands above, so that there is no foreign key.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="secrets")
    site = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    value = SealedField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="secrets_created"
    )
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="secrets_changed"
    )

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "name"], name="secret_name_in_client")
        ]

    def __str__(self) -> str:
        return self.name

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
    """Someone who signs in; `clients` narrows what they see unless `all_clients`.

    Who is `invited` has not accepted yet: not active, without a password. `rights` counts the changes of role
    and clients, so that whatever follows a person (an open page) notices them at once.
    """

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
    invited = models.BooleanField(default=False)
    rights = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    factor_asked_at = models.DateTimeField(null=True, blank=True)  # first asked for a second factor

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = People()

    def __str__(self) -> str:
        return self.name


class SignInLink(models.Model):
    """A one-time link, stored as the SHA-256 of its secret. Without a person it makes the first owner.

    It signs its person in, lets an invited one join, or sets a new password, and holds no longer than whoever
    made it (nobody: the command line, or the person themselves by mail) may still give such rights.
    """

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in"
        INVITATION = "invitation"
        PASSWORD = "password"  # noqa: S105 - the name of a kind

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SIGN_IN)
    made_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class ApiToken(models.Model):
    """Lets a program act for a person through the API, for a while; its text is stored as SHA-256 alone.

    `verbs` and, where `narrowed`, `clients` say how far it goes; never further than its person does.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    secret_hash = models.BinaryField(max_length=32, unique=True)
    verbs = models.JSONField(default=list)
    narrowed = models.BooleanField(default=False)  # an empty list of clients then means none, never all
    clients = models.ManyToManyField(Client, blank=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Session(models.Model):
    """A person's session in one browser, under the SHA-256 of the key that only their cookie holds.

    `session_data` is Django's signed session; `agent` what the browser calls itself, `address` where it asked
    from when it was last `seen_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_hash = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="sessions"
    )
    session_data = models.TextField()
    created_at = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField(db_index=True)
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=255, blank=True)


class Mail(models.Model):
    """A mail that waits for its sender: to whom, and what it says (`mail_words`, in either language).

    It holds no secret: the link in it is made when it is sent (`mail_actions.take_letter`). An invitation
    names its person. A mail about a forgotten password has only the address that somebody typed: whether
    anybody signs in with it is looked up when it is sent, so that asking tells and costs the same for every
    address.
    A sender has it in hand, or it rests after a failure, until `not_before`; `error` (an id, with values)
    says why it failed.
    """

    recipient = models.EmailField()
    language = models.CharField(max_length=2)
    said_id = models.CharField(max_length=40)
    said_values = models.JSONField(default=dict)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    queued_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=80, blank=True)
    error_values = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["sent_at", "queued_at"], name="mail_waiting")]


class Attempt(models.Model):
    """A failed sign-in or a question for a new password, kept for the lock-out.

    By the SHA-256 of the address tried, alone and with the caller.
    """

    subject_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject_hash", "at"])]


class Authenticator(models.Model):
    """A person's authenticator app (TOTP, RFC 6238); its secrets are sealed by `access.sealing`.

    `waiting` is a new secret that no code has confirmed yet. `step` is the newest time step (of 30 s since
    1970) whose code was taken: neither it nor one before it is ever taken again.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="authenticator")
    secret = models.BinaryField(max_length=120, default=b"", blank=True)
    waiting = models.BinaryField(max_length=120, default=b"", blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    step = models.BigIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)


class Passkey(models.Model):
    """A passkey (WebAuthn credential) of a person: its public key, and how often it says it was used.

    `party` is the name (relying party id) under which alone browsers offer it. With `cloned_at` it is
    refused: its count went back, so there are two of it.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="passkeys")
    credential = models.BinaryField(max_length=1023, unique=True)
    public_key = models.BinaryField(max_length=2048)
    sign_count = models.BigIntegerField()
    party = models.CharField(max_length=253)
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    cloned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["created_at"]


class RecoveryCode(models.Model):
    """A code for who has lost their factors, good once; kept as a keyed SHA-256 (`access.sealing`)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.BinaryField(max_length=32, unique=True)
    used_at = models.DateTimeField(null=True, blank=True)


class FactorRule(models.Model):
    """What this installation asks of its staff, in one row: a second factor within `days`; None: never."""

    days = models.PositiveSmallIntegerField(null=True, blank=True)


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

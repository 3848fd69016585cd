"""Tables of people and clients. A tenant is a Client; rows without one belong to the whole MSP."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


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

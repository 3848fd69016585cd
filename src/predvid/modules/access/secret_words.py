"""Kinds of credentials and their fields in the reader's words."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

KINDS = {
    "snmp_v2c": _("SNMP v1/v2c community"),
    "snmp_v3": _("SNMP v3 user"),
    "ssh_password": _("SSH password"),
    "ssh_key": _("SSH key"),
    "directory_bind": _("Directory (LDAP, Active Directory)"),
    "web_token": _("HTTP or cloud token"),
    "cloud_app": _("Cloud application"),
}
FIELDS = {
    "community": _("Community"),
    "user": _("User name"),
    "password": _("Password"),
    "auth": _("Authentication"),
    "auth_secret": _("Authentication password"),
    "privacy": _("Encryption"),
    "privacy_secret": _("Encryption password"),
    "key": _("Private key"),
    "passphrase": _("Passphrase of the key"),
    "token": _("Access token"),
    "directory": _("Directory (tenant) ID"),
    "application": _("Application ID"),
    "secret": _("Application secret"),
}
NONE = pgettext("snmp", "none")
WEAK = {"MD5": _("MD5 (weak)"), "SHA-1": _("SHA-1 (weak)"), "DES": _("DES (weak)")}

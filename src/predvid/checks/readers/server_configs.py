"""Finds the certificate files that servers on a Linux device are set to present."""

import re
from collections.abc import Iterator

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source

MOST_FILES, MOST_PATHS = 200, 100
# nginx ssl_certificate, Apache SSLCertificateFile, Postfix smtpd_tls_cert_file, Dovecot ssl_cert,
# Exim tls_certificate, PostgreSQL ssl_cert_file, MySQL ssl-cert: each by its own manual.
_DIRECTIVE = re.compile(
    r"^\s*(?:ssl_certificate\s|SSLCertificateFile\s|smtpd_tls_cert_file\s*=|ssl_cert(?:_file)?\s*=|ssl-cert\s*="
    r"|tls_certificate\s*=)\s*<?['\"]?(/[^\s;'\"$]{1,300})",
    re.MULTILINE | re.IGNORECASE,
)
FILES = (
    "/etc/nginx/nginx.conf",
    "/etc/postfix/main.cf",
    "/etc/dovecot/conf.d/10-ssl.conf",
    "/etc/dovecot/dovecot.conf",
)
FOLDERS = (
    "/etc/nginx/sites-enabled",
    "/etc/nginx/conf.d",
    "/etc/apache2/sites-enabled",
    "/etc/httpd/conf.d",
    "/etc/mysql/mariadb.conf.d",
)
LETSENCRYPT = "/etc/letsencrypt/live"


def certificate_files(source: Source) -> list[str]:
    """Return the paths of certificates that configurations name, and certbot's; at most 100."""
    found = [path for text in _texts(source) for path in _DIRECTIVE.findall(text)]
    found += [f"{LETSENCRYPT}/{name}/cert.pem" for name in _listing(source, LETSENCRYPT) if name != "README"]
    return list(dict.fromkeys(found))[:MOST_PATHS]


def _texts(source: Source) -> Iterator[str]:
    paths = [*FILES, *(f"{folder}/{name}" for folder in FOLDERS for name in _listing(source, folder))]
    for path in paths[:MOST_FILES]:
        try:
            yield source.text(path)
        except CannotRead:
            continue


def _listing(source: Source, folder: str) -> list[str]:
    try:
        return source.listing(folder)
    except CannotRead:
        return []

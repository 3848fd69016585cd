"""Django's settings, all from the installation that the process serves (see `server.place`)."""

import os
from datetime import timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from predvid.modules.access.password_rules import SHORTEST
from predvid.server.place import Place

PLACE = Place.from_environment(os.environ)
PACKAGE = Path(__file__).resolve().parent.parent

SECRET_KEY = PLACE.secret("console.key")
DEBUG = False
ALLOWED_HOSTS = PLACE.hosts
ROOT_URLCONF = "predvid.server.urls"
WSGI_APPLICATION = None
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "predvid.modules.access",
    "predvid.modules.inventory",
    "predvid.modules.monitoring",
    "predvid.modules.automation",
    "predvid.modules.notifying",
    "predvid.server",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "predvid.server.headers.SecureHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "predvid.server.without_cookies.ApiWithoutCookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "predvid.server.tenants.OwnClientsOnly",
    "predvid.server.strangers.SignInFirst",
    "predvid.server.last_seen.LastSeen",
    "predvid.server.language.PersonLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "predvid.server.methods.SayNotAllowed",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "server" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "predvid.server.shell.shell",
            ],
            "builtins": ["predvid.server.templatetags.predvid"],
        },
    }
]
# Only the console serves people row by row; the other processes work for the whole platform.
DATABASES = {"default": PLACE.database(all_clients=os.environ.get("PREDVID_PART", "console") != "console")}
AUTH_USER_MODEL = "access.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": SHORTEST},
    },
    {"NAME": "predvid.modules.access.password_validator.GuessableValidator"},
]
FETCHER = "predvid.server.fetching.fetcher"  # the one way in which anything here calls out
API_CALLS_A_MINUTE = 600  # of one token, in each console process
LOGIN_URL = "/sign-in/"
OVER_TLS = PLACE.address.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OVER_TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if OVER_TLS else 0
# Only the gateway reaches the console's Unix socket, and it drops whatever a caller wrote into this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_ENGINE = "predvid.modules.access.session_store"
# A console left open over lunch stays open, one left open overnight does not: who finds the machine in the
# morning finds the sign-in page. What pages refresh by themselves does not count as doing something.
SESSION_IDLE = timedelta(hours=12)
# A stolen cookie that is kept busy dies within a week all the same, and nobody signs in more than weekly.
SESSION_LONGEST = timedelta(days=7)
SESSION_COOKIE_AGE = int(SESSION_LONGEST.total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "predvid_session"
CSRF_COOKIE_NAME = "predvid_csrf"
CSRF_TRUSTED_ORIGINS = PLACE.origins
SECURE_REFERRER_POLICY = "same-origin"
USE_TZ = True
TIME_ZONE = "Europe/Zagreb"
USE_I18N = True
LANGUAGE_CODE = "hr"
LANGUAGES = [("hr", _("Croatian")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
STATIC_URL = "/static/"
STATIC_ROOT = PACKAGE / "server" / "static"  # packaged as it is served: nothing to collect
WHITENOISE_MAX_AGE = 365 * 24 * 3600  # pages name each file with the digest of its content (server.assets)
WHITENOISE_ALLOW_ALL_ORIGINS = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Anybody may ask with any Host: that is answered with 400, and no reason to fill the log with tracebacks.
    "loggers": {"django.security.DisallowedHost": {"level": "CRITICAL", "propagate": False}},
}

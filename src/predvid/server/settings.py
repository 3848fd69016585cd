"""Django's settings, all from the installation that the process serves (see `server.place`)."""

import os
from pathlib import Path

from django.utils.translation import gettext_lazy as _

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
    "django.contrib.sessions",
    "django.contrib.messages",
    "predvid.modules.access",
    "predvid.modules.inventory",
    "predvid.modules.monitoring",
    "predvid.modules.automation",
    "predvid.server",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "predvid.server.headers.SecureHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "predvid.server.strangers.SignInFirst",
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
DATABASES = {"default": PLACE.database()}
AUTH_USER_MODEL = "access.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]
LOGIN_URL = "/sign-in/"
OVER_TLS = PLACE.address.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OVER_TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if OVER_TLS else 0
# Only the gateway reaches the console's Unix socket, and it drops whatever a caller wrote into this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
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

"""Django's settings. Deployments differ only in environment variables; README.md lists them."""

import tempfile
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from psycopg import IsolationLevel
from whitenoise.compress import Compressor

from adultapi import __version__, environment, postgres
from adultapi.environment import env
from adultapi.monitoring import logs
from census.api.description import SETTINGS as DESCRIPTION

BASE_DIR = Path(__file__).resolve().parent.parent


def _database(name: str, url: str) -> dict[str, Any]:
    """Returns Django's settings for the PostgreSQL at `url`, the value of the variable `name`.

    Parameters of libpq in the URL (`?sslmode=…&passfile=…`) override ours.
    """
    if environment.scheme(name, url) not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"{name} does not name a PostgreSQL database: set it to "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME (for a socket, postgresql:///NAME?host=/DIR)."
        )
    config: dict[str, Any] = env.db_url_config(url)
    if not config["NAME"]:
        raise ImproperlyConfigured(f"{name} names no database: end it with /NAME.")
    options = config["OPTIONS"] = _CONNECTION | config.get("OPTIONS", {})
    if SERVING:
        parameters = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
        options["options"] = f"{options.get('options', '')} {parameters}".strip()
        # All statements of an answer read the same data, even if a load commits between them.
        options["isolation_level"] = IsolationLevel.REPEATABLE_READ
    return config | {
        "ENGINE": "django.db.backends.postgresql",
        "ATOMIC_REQUESTS": True,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 300 if SERVING else 0,
    }


def _cache(url: str) -> dict[str, Any]:
    """Returns Django's settings for the cache at `url`, or for one in the process's memory."""
    if not url:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "TIMEOUT": 3600,
            "OPTIONS": {"MAX_ENTRIES": 2000},
        }
    # An answer is computed in milliseconds, so it is no use to wait long for the cache.
    timeouts = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "TIMEOUT": 3600,
        "OPTIONS": timeouts,
    }


# --- Django ---------------------------------------------------------------------------------

DEBUG = environment.boolean("DEBUG", default=False)

DATABASE_URL = env.str("DATABASE_URL", default="").strip()
# Without DATABASE_URL this is a developer's machine: it uses the embedded PostgreSQL and a random
# key, since nothing that is signed outlives the process.
LOCAL = not DATABASE_URL

SECRET_KEY = environment.secret("SECRET_KEY")
if LOCAL:
    SECRET_KEY = SECRET_KEY or get_random_secret_key()
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set: set it to a long random string, for example the output of "
        "`python -c 'import secrets; print(secrets.token_urlsafe(50))'`, or set SECRET_KEY_FILE "
        "to a file that contains it."
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

# The path prefix of the service behind a proxy, such as /adult.
FORCE_SCRIPT_NAME = environment.prefix("SCRIPT_NAME")

# The service (adultapi.wsgi) only reads, as the role of DATABASE_URL. Commands migrate and load,
# as the role of LOADER_DATABASE_URL; `migrate` creates the first role and grants it SELECT.
SERVING = environment.boolean("SERVING", default=False)
DATABASE_REPLICA_URL = str(env.str("DATABASE_REPLICA_URL", default="")).strip()
if LOCAL:
    READER_URL = postgres.local_url(postgres.VAR, user="reader")
    LOADER_URL = postgres.local_url(postgres.VAR)
else:
    READER_URL = DATABASE_URL
    LOADER_URL = env.str("LOADER_DATABASE_URL", default="").strip() or DATABASE_URL
if DATABASE_REPLICA_URL and LOCAL:
    raise ImproperlyConfigured(
        "DATABASE_REPLICA_URL is set without DATABASE_URL: set that to the database that the "
        "replica follows, or leave both out."
    )

STATEMENT_TIMEOUT = environment.integer("STATEMENT_TIMEOUT", 10, minimum=1, maximum=3600)
# PostgreSQL's settings for the sessions of the service. Commands have no time limits.
_SESSION = {
    "default_transaction_read_only": "on",
    "statement_timeout": f"{STATEMENT_TIMEOUT}s",
    "lock_timeout": "2s",
    "jit": "off",  # compiling takes longer than most answers
    "idle_in_transaction_session_timeout": "60s",
}
# When libpq gives up a server that does not answer. It tries several hosts in their order.
_CONNECTION = {
    "application_name": "adultapi",
    "connect_timeout": 5,  # seconds, as all but the next
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
if SERVING and DATABASE_REPLICA_URL:  # the service only reads, so it needs no other database
    DATABASES = {"default": _database("DATABASE_REPLICA_URL", DATABASE_REPLICA_URL)}
elif SERVING or LOADER_URL == DATABASE_URL:
    DATABASES = {"default": _database("DATABASE_URL", READER_URL if SERVING else LOADER_URL)}
else:
    DATABASES = {"default": _database("LOADER_DATABASE_URL", LOADER_URL)}

# Seconds to wait at the start for the database, and then for another process that prepares it.
START_TIMEOUT = environment.integer("START_TIMEOUT", 60, 0, 3600)

INSTALLED_APPS = [
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "census.pages",  # before rest_framework, whose templates it overrides
    "census",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "adultapi.middleware.canonical_path",
    "adultapi.middleware.request_id",
    "adultapi.monitoring.metrics.observe",
    "adultapi.middleware.any_origin",
    "corsheaders.middleware.CorsMiddleware",
    "adultapi.middleware.permissions_policy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "adultapi.middleware.length",
    "adultapi.problems.Problems",
    "adultapi.middleware.operations",  # before the host is checked
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "adultapi.middleware.Compression",  # for a service without nginx
    "django.middleware.common.CommonMiddleware",
    "adultapi.caching.AnswerCache",
]

# --- Cached answers ---------------------------------------------------------------------------

CACHE_URL = environment.cache_url("CACHE_URL")
CACHES = {"default": _cache(CACHE_URL)}
# The folder in which downloads are stored as files, and the bytes that they may take: the oldest
# files are removed first.
EXPORT_DIR = environment.folder(
    "EXPORT_DIR",
    BASE_DIR / "var" / "exports" if LOCAL else Path(tempfile.gettempdir()) / "adultapi-exports",
)
EXPORT_SPACE = environment.integer("EXPORT_SPACE", 1 << 30, minimum=1 << 20, maximum=1 << 50)

ROOT_URLCONF = "adultapi.urls"
WSGI_APPLICATION = "adultapi.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
APPEND_SLASH = False

STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Source maps are for developers. They would take most of the time and space of compression.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# --- Django REST Framework -------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": [
        "census.api.renderers.JSONRenderer",
        "census.api.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_SCHEMA_CLASS": "census.api.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "census.api.negotiation.ContentNegotiation",
    "DEFAULT_PARSER_CLASSES": [],
    "EXCEPTION_HANDLER": "adultapi.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": "format",
    "COMPACT_JSON": True,
    "UNICODE_JSON": True,
}

SPECTACULAR_SETTINGS = {
    **DESCRIPTION,
    "VERSION": __version__,
    "SWAGGER_UI_FAVICON_HREF": f"{FORCE_SCRIPT_NAME or ''}/favicon.ico",
}

# --- Logs --------------------------------------------------------------------------------------

LOG_LEVEL = environment.choice(
    "LOG_LEVEL", "WARNING" if LOCAL else "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")
)
LOG_FORMAT = environment.choice("LOG_FORMAT", logs.DEFAULT, ("text", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": logs.FORMATTERS,
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Requests are logged once, by adultapi.monitoring.metrics.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},  # adultapi.problems logs these
        "django": {"handlers": [], "level": LOG_LEVEL},
    },
}

# --- Security headers -------------------------------------------------------------------------

CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_ALLOW_HEADERS = ["*", "Authorization"]  # * does not include Authorization
# docker/nginx.conf has the same list.
CORS_EXPOSE_HEADERS = [
    "Accept-Ranges, Cache-Control, Content-Disposition, Content-Encoding, Content-Length",
    "Content-Range, ETag, Last-Modified, Link, Retry-After, Server-Timing, X-Request-ID",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src": [SELF, "'unsafe-inline'"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# For a service behind a proxy that speaks HTTPS. The proxy must set this header and must not
# accept it from clients.
SECURE_PROXY = environment.boolean("SECURE_PROXY", default=False)
SECURE_PROXY_HEADER = environment.header("SECURE_PROXY_HEADER", "X-Forwarded-Proto")
if SECURE_PROXY:
    SECURE_PROXY_SSL_HEADER = (SECURE_PROXY_HEADER, "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = ["^(healthz|readyz|startupz|metrics)$"]  # plain HTTP, from inside
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE_PROXY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_PROXY
SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # CSRF: requests change nothing
    "security.W021",  # HSTS preload: the owner of the domain decides about it
]

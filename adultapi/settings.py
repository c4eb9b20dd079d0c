"""The only settings. Deploys differ by environment variables alone; README.md lists them.

Each variable is read once, here, and a bad one stops the process with a message that
names it and says what it should be.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from adultapi import __version__, postgres

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _integer(name: str, default: int, minimum: int, maximum: int) -> int:
    """Return the integer in the environment variable `name`, or stop with a hint."""
    text = env.str(name, default=str(default)).strip()
    try:
        value = int(text)
    except ValueError:
        value = None
    if value is None or not minimum <= value <= maximum:
        raise ImproperlyConfigured(
            f"{name} is {text!r}: set it to a whole number from {minimum} to {maximum}."
        )
    return value


def _boolean(name: str, *, default: bool) -> bool:
    text = env.str(name, default=str(default)).strip().lower()
    if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} is {text!r}: set it to true or false.")
    return text in {"true", "1", "yes", "on"}


def _choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = str(env.str(name, default=default)).strip()
    if text not in allowed:
        raise ImproperlyConfigured(f"{name} is {text!r}: set it to one of {', '.join(allowed)}.")
    return text


def _header(name: str, default: str) -> str:
    """Return the header in the environment variable `name`, as WSGI names it."""
    text = str(env.str(name, default=default)).strip()
    if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", text):
        raise ImproperlyConfigured(
            f"{name} is {text!r}: set it to the name of a header, as {default}."
        )
    return f"HTTP_{text.upper().replace('-', '_')}"


def _file(name: str) -> str:
    """Return the path in the environment variable `name`, of a file that can be read, or ""."""
    path = env.str(name, default="").strip()
    if path:
        try:
            Path(path).read_text()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name} names {path}, which cannot be read ({error.strerror}): "
                "set it to a file that holds the secret and nothing else."
            ) from error
    return str(path)


def _scheme(name: str, url: str) -> str:
    """Return the scheme of `url`, which `name` gave; repeat nothing of one that cannot be read."""
    try:
        parts = urlsplit(url)
        readable = (parts.port or 1) and not parts.fragment
    except ValueError:  # whose text may be of the password
        readable = False
    if not readable:
        raise ImproperlyConfigured(
            f"{name} cannot be read: in its password write / ? # @ [ ] % as %2F %3F %23 %40 %5B "
            "%5D %25, and the port as a number."
        )
    return parts.scheme


def _database(name: str, url: str, password_file: str = "", **line: int) -> dict[str, Any]:
    """Return Django's settings of the PostgreSQL at `url`, which `name` gave.

    `line` goes before `_LINE`, and the URL's own parameters before both.
    """
    if _scheme(name, url) not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"{name} does not name a PostgreSQL database: set it to "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME (for a socket, postgresql:///NAME?host=/DIR)."
        )
    config: dict[str, Any] = env.db_url_config(url)
    if not config["NAME"]:
        raise ImproperlyConfigured(f"{name} names no database: end it with /NAME.")
    options = config["OPTIONS"] = (
        _LINE | line | {"application_name": "adultapi"} | config.get("OPTIONS", {})
    )
    parameters = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    options["options"] = f"{options.get('options', '')} {parameters}".strip()
    # A thread that serves keeps its session: to make one takes longer than most answers.
    return config | {
        "ENGINE": "adultapi.database",
        "PASSWORD_FILE": password_file,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 300 if SERVING else 0,
    }


def _cache_url(name: str) -> str:
    url = str(env.str(name, default="")).strip()
    if url and _scheme(name, url) not in {"redis", "rediss", "valkey", "valkeys", "unix"}:
        raise ImproperlyConfigured(
            f"{name} does not name a Redis or Valkey server: set it to redis://HOST:PORT/NUMBER, "
            "rediss://… with TLS, or leave it out."
        )
    return url.replace("valkey", "redis", 1) if url.startswith("valkey") else url


def _cache(url: str) -> dict[str, Any]:
    """Return Django's settings of the cache at `url`, or of one in the process's memory."""
    if not url:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # As many clients are counted; those that have not come for longest are forgotten.
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    # An answer is computed in milliseconds: no waiting for a cache that is slower.
    impatient = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "OPTIONS": impatient,
    }


# --- Django ---------------------------------------------------------------------------------

DEBUG = _boolean("DEBUG", default=False)

DATABASE_URL = env.str("DATABASE_URL", default="").strip()
# Without DATABASE_URL this is somebody's own machine: the embedded PostgreSQL, and a key
# that is good for as long as the process lives (nothing signed outlives it).
LOCAL = not DATABASE_URL

SECRET_KEY = env.str("SECRET_KEY", default="")
if path := _file("SECRET_KEY_FILE"):
    SECRET_KEY = Path(path).read_text().strip()
if LOCAL:
    SECRET_KEY = SECRET_KEY or get_random_secret_key()
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set: set it to a long random string, for example the output of "
        "`python -c 'import secrets; print(secrets.token_urlsafe(50))'`, or SECRET_KEY_FILE to "
        "a file that holds it."
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

# Serving (adultapi.wsgi) only reads, as the role of DATABASE_URL. Commands migrate and load, as
# that of LOADER_DATABASE_URL; `migrate` then makes the first role and lets it read.
SERVING = _boolean("SERVING", default=False)
if LOCAL:
    READER_URL = postgres.local_url(postgres.VAR, user="reader")
    LOADER_URL = postgres.local_url(postgres.VAR)
else:
    READER_URL = DATABASE_URL
    LOADER_URL = env.str("LOADER_DATABASE_URL", default="").strip() or DATABASE_URL

# A file takes a thread for as long as its client reads: half of them are left for others.
DOWNLOADS = max(1, min(2, _integer("WEB_THREADS", 4, minimum=1, maximum=256) // 2))

STATEMENT_TIMEOUT = _integer("STATEMENT_TIMEOUT", 10, minimum=1, maximum=3600)
# What a session may take, in seconds: commands may be long, answers may not.
_SESSION = (
    {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{STATEMENT_TIMEOUT}s",
        "lock_timeout": "2s",
        "jit": "off",  # compiling takes longer than most answers
        "idle_in_transaction_session_timeout": "60s",
    }
    if SERVING
    else {}
)

# When to give up a server that does not answer, not even on the network, which nobody else
# would tell of a session that is kept.
_LINE = {
    "connect_timeout": 5,  # seconds, as all but the next
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

_NAMED = "DATABASE_URL" if SERVING or LOADER_URL == DATABASE_URL else "LOADER_DATABASE_URL"
_PASSWORD_FILE = (
    _file("DATABASE_PASSWORD_FILE")
    if _NAMED == "DATABASE_URL"
    else _file("LOADER_DATABASE_PASSWORD_FILE")
)
DATABASES = {"default": _database(_NAMED, READER_URL if SERVING else LOADER_URL, _PASSWORD_FILE)}

DATABASE_REPLICA_URL = str(env.str("DATABASE_REPLICA_URL", default="")).strip()
if DATABASE_REPLICA_URL and LOCAL:
    raise ImproperlyConfigured(
        "DATABASE_REPLICA_URL is set without DATABASE_URL: set that to the database that the "
        "replica follows, or leave both out."
    )
if DATABASE_REPLICA_URL and SERVING:
    # Given up soon, since the primary can answer.
    DATABASES["replica"] = _database(
        "DATABASE_REPLICA_URL",
        DATABASE_REPLICA_URL,
        _file("DATABASE_REPLICA_PASSWORD_FILE"),
        connect_timeout=2,
        tcp_user_timeout=3000,
    ) | {"PATIENCE": 0}
DATABASE_ROUTERS = ["adultapi.replica.Router"] if SERVING else []

# Seconds to wait at start-up for the database, and then for another process that prepares it.
START_TIMEOUT = _integer("START_TIMEOUT", 60, 0, 3600)

INSTALLED_APPS = [
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "census.pages",  # before rest_framework: its templates go first
    "census",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "adultapi.middleware.request_id",
    "adultapi.middleware.health",
    "adultapi.middleware.server_timing",
    "adultapi.throttling.rate_limit",
    "django.middleware.security.SecurityMiddleware",
    "adultapi.caching.Caching",  # what was answered before goes no further
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "adultapi.middleware.SecurityHeaders",
    "django.middleware.common.CommonMiddleware",
    "adultapi.middleware.canonical_path",
    "adultapi.replica.reads",
]

# --- Caches -----------------------------------------------------------------------------------

CACHE_URL = _cache_url("CACHE_URL")
# Finished answers are in each process's own memory first (`adultapi.memory`), then in here
# where CACHE_URL is given.
CACHES = {"default": _cache(CACHE_URL), "own": _cache("") | {"LOCATION": "own"}}
# How often, at most, a process asks which dataset is loaded.
DATASET_POLL_SECONDS = 1.0

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

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

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
    "TITLE": "Adult (Census Income) API",
    "DESCRIPTION": (
        "Statistics of any slice of the Adult (Census Income) dataset of UCI: 48,842 people, by "
        "groups, with or without survey weights, with standard errors. Read-only; every answer "
        "carries the version of the dataset and is reproducible from its URL.\n\n"
        "Rows are selected by the same parameters everywhere: `sex=Female`, `age__gte=30`, "
        "`education__in=Masters,Doctorate`, `complete=true`. A parameter that nobody knows is an "
        "error, never ignored. Errors are problem documents (RFC 9457)."
    ),
    "LICENSE": {"name": "MIT (code), CC BY 4.0 (data)"},
    "VERSION": __version__,
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/favicon.ico",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {"KindEnum": ["numeric", "categorical"]},
    "PREPROCESSING_HOOKS": ["drf_spectacular.hooks.preprocess_exclude_path_format"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "census.api.schema.components",
        "census.api.examples.attach",
    ],
}

# --- Who asks, and how often -------------------------------------------------------------------

# How many proxies (load balancers, CDNs) are in front: the client's address is the one that the
# outermost of them wrote into X-Forwarded-For; what stands further left anybody can have sent.
TRUSTED_PROXIES = _integer("TRUSTED_PROXIES", 0, minimum=0, maximum=5)
RATE_LIMIT = str(env.str("RATE_LIMIT", default="")).strip()
if RATE_LIMIT and not re.fullmatch(r"[1-9]\d{0,6}/(second|minute|hour|day)", RATE_LIMIT):
    raise ImproperlyConfigured(
        f"RATE_LIMIT is {RATE_LIMIT!r}: set it to a number of requests for each second, minute, "
        "hour or day, as in 600/minute, or leave it out for no limit."
    )

# --- Logs --------------------------------------------------------------------------------------

SLOW_REQUEST_SECONDS = 1.0
SLOW_QUERY_SECONDS = 0.5
LOG_LEVEL = _choice(
    "LOG_LEVEL", "WARNING" if LOCAL else "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")
)
LOG_FORMAT = _choice("LOG_FORMAT", "text" if LOCAL else "json", ("text", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "adultapi.logs.TextFormatter"},
        "json": {"()": "adultapi.logs.JSONFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Requests are logged once, by adultapi.telemetry; Django's own lines would double them.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},  # so would these, with a traceback for strangers
        "django": {"handlers": [], "level": LOG_LEVEL},
    },
}

# --- What a browser may do --------------------------------------------------------------------

CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "ETag",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Server-Timing",
    "X-Request-ID",
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
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Behind a proxy that speaks HTTPS, says so in this header, and takes that from nobody else.
SECURE_PROXY = _boolean("SECURE_PROXY", default=False)
SECURE_PROXY_HEADER = _header("SECURE_PROXY_HEADER", "X-Forwarded-Proto")
if SECURE_PROXY:
    SECURE_PROXY_SSL_HEADER = (SECURE_PROXY_HEADER, "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^metrics$"]  # asked from within, as are health checks
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE_PROXY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_PROXY
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # adultapi.security says who may frame the pages
    "security.W003",  # nothing can be changed here, so no request can be forged
    "security.W021",  # a browser's preload list is for the owner of the domain to ask for
]

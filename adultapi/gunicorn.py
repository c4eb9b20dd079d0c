"""gunicorn's configuration, of `make run` and of the image (`-c python:adultapi.gunicorn`)."""

import gc
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from adultapi import figures

_FILES = 2000  # that a process may have open: a thousand connections, and what else it needs


def _number(name: str, default: int, maximum: int) -> int:
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= maximum:
        sys.exit(f"Error: {name} is {text!r}: set it to a whole number from 1 to {maximum}.")
    return int(text)


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _connections() -> int:
    """Return how many connections a process may hold, once it may open the files for them."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < _FILES:
        files = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return min(files if files > 0 else _FILES, _FILES) // 2


def _logs_json() -> bool:
    """Whether log lines are for machines: as `settings.LOG_FORMAT`, which is read later."""
    default = "json" if os.environ.get("DATABASE_URL", "").strip() else "text"
    return (os.environ.get("LOG_FORMAT", "").strip() or default) == "json"


def address(name: str) -> str:
    """Return `name` with the port, as URLs have it."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


host = os.environ.get("HOST", "").strip() or "127.0.0.1"
port = _number("PORT", 8000, maximum=65535)
bind = address(host)

wsgi_app = "adultapi.wsgi"
# Loaded once, before the workers are forked: nothing may connect to the database at import.
preload_app = True
worker_class = "adultapi.worker.Worker"
workers = _number("WEB_CONCURRENCY", min(_cores(), 32), maximum=256)
threads = _number("WEB_THREADS", 4, maximum=256)
worker_connections = _connections()
queue_timeout = _number("QUEUE_TIMEOUT", 5, maximum=3600)  # ours: see adultapi.backlog
limit_request_line = 8190  # bytes: room for every filter, and gunicorn's most
# Nobody is believed here: gunicorn would take the path's beginning, and whether it is HTTPS, from
# the headers of whoever is on this machine. `SECURE_PROXY` and `TRUSTED_PROXIES` say who is.
forwarded_allow_ips = ""
forwarder_headers = ""

graceful_timeout = 30
# Longer than a load balancer keeps an idle connection (60 s on AWS): it has to close first,
# or it may send a request into a connection that is being closed here.
keepalive = 65
# Workers show they live by touching a file: in memory, where a slow disk cannot stall them.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# By default every gunicorn of a user listens at the same path for commands.
control_socket_disable = True
logger_class = "adultapi.worker.Log"
errorlog = "-"
loglevel = "info"
if _logs_json():
    logconfig_dict = {
        "formatters": {"json": {"()": "adultapi.logs.JSONFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"gunicorn.error": {"handlers": ["stderr"], "propagate": False}},
    }


# How long a thread that computes may keep those waiting that answer out of memory.
SWITCH_SECONDS = 0.0005

_STOP = {signal.SIGTERM, signal.SIGINT}


def child_exit(_server: object, worker: Any) -> None:
    figures.forget(worker.pid)


def on_exit(_server: object) -> None:
    figures.remove()


def when_ready(_server: object) -> None:
    """Import all views once, before the fork: workers share them, and a fault shows now.

    Then see to it that no request to stop is lost: it is held wherever gunicorn has no handler
    for it. That is in what came before here, where the image's entrypoint holds it; and from a
    fork to the worker's own handlers, else the worker drops it and is waited for in vain.
    """
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    # What is there now stays: no worker looks through it for garbage, nor copies it by doing so.
    gc.collect()
    gc.freeze()
    os.register_at_fork(before=_hold_stop, after_in_parent=_take_stop)
    _take_stop()


def post_worker_init(_worker: object) -> None:
    """Have the usual answers in memory, now and after each load: in threads, so not before."""
    from adultapi.warming import keep_warm
    from adultapi.wsgi import django_application

    _take_stop()
    sys.setswitchinterval(SWITCH_SECONDS)
    keep_warm(django_application)


def _hold_stop() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)


def _take_stop() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)

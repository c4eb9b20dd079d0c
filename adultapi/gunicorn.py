"""gunicorn's configuration, for `make run` and the image (`-c python:adultapi.gunicorn`)."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from adultapi.monitoring import logs


def _number(name: str, default: int, maximum: int) -> int:
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= maximum:
        sys.exit(f"Error: {name} is {text!r}: set it to a whole number from 1 to {maximum}.")
    return int(text)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def address(name: str) -> str:
    """Returns HOST:PORT for the host `name`, as in a URL."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


host = os.environ.get("HOST", "").strip() or "127.0.0.1"
port = _number("PORT", 8000, maximum=65535)
bind = address(host)

wsgi_app = "adultapi.wsgi"
preload_app = True  # workers share the code; no connection is opened before the fork
worker_class = "gthread"
workers = _number("WEB_CONCURRENCY", min(_cores(), 32), maximum=256)
threads = _number("WEB_THREADS", 4, maximum=256)
limit_request_line = 8190  # bytes: gunicorn's maximum
# gunicorn trusts no header. settings.py names the header that has the scheme.
forwarded_allow_ips = ""
forwarder_headers = ""

graceful_timeout = 30
# AWS's load balancers close an idle connection after 60 s. They must close first: a request
# on a connection that gunicorn is closing would be lost.
keepalive = 65
# Workers prove that they are alive by touching a file. In memory a slow disk cannot stall them.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True
errorlog = "-"
loglevel = "info"
if (os.environ.get("LOG_FORMAT", "").strip() or logs.DEFAULT) == "json":
    logconfig_dict = {
        "formatters": logs.FORMATTERS,
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"gunicorn.error": {"handlers": ["stderr"], "propagate": False}},
    }

# Workers write the values of /metrics to files in this folder. prometheus_client reads the
# variable at its import, so it must be set before.
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_TEMPORARY = not os.environ.get(_METRICS, "").strip()
if _TEMPORARY:
    os.environ[_METRICS] = tempfile.mkdtemp(prefix="adultapi-metrics-")
Path(os.environ[_METRICS]).mkdir(parents=True, exist_ok=True)
for _file in Path(os.environ[_METRICS]).glob("*.db"):
    _file.unlink()  # written by earlier processes


def child_exit(_server: object, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: object) -> None:
    if _TEMPORARY:
        shutil.rmtree(os.environ[_METRICS], ignore_errors=True)

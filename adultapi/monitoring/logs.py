"""How log lines are written: as text for people, as JSON for machines."""

import os

FORMATTERS = {
    "text": {"format": "{asctime} {levelname} {message}", "datefmt": "%H:%M:%S", "style": "{"},
    "json": {
        "()": "pythonjsonlogger.json.JsonFormatter",
        "format": "{levelname}{name}{message}",
        "style": "{",
        "rename_fields": {"levelname": "level", "name": "logger"},
        "timestamp": "time",
    },
}
# People read the log of their own machine, which has no DATABASE_URL.
DEFAULT = "json" if os.environ.get("DATABASE_URL", "").strip() else "text"

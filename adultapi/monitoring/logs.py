"""The formats of log lines: text for people, JSON for programs."""

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
# Without DATABASE_URL this is a developer's machine, whose log people read.
DEFAULT = "json" if os.environ.get("DATABASE_URL", "").strip() else "text"

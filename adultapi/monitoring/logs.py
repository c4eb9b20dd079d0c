"""Log lines, for people (`text`) and for machines (`json`).

Extra values of a line are passed as `extra={"fields": {...}}`.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


class TextFormatter(logging.Formatter):
    """Formats a line as time, level, message and the fields as name=value."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {message}", "%H:%M:%S", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        given: Mapping[str, Any] = getattr(record, "fields", {})
        fields = " ".join(f"{name}={value}" for name, value in given.items() if value is not None)
        line = super().formatMessage(record)
        return f"{line} {fields}" if fields else line


class JSONFormatter(logging.Formatter):
    """Formats a line as one flat JSON object: time, level, logger, message and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exc_info"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack_info"] = self.formatStack(record.stack_info)
        return _encode(line)

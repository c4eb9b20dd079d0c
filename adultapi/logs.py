"""Log lines: for people, and for machines. What is told beside the message is `record.fields`."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def write(logger: logging.Logger, level: int, message: str, fields: Mapping[str, Any]) -> None:
    """Write a line whose level is enabled, with what is known beside the message by name.

    It is not looked up which line of code it is from, which takes as long as all the rest.
    """
    record = logging.LogRecord(logger.name, level, "", 0, message, (), None)
    record.fields = fields
    logger.handle(record)


class TextFormatter(logging.Formatter):
    """Time, level, message, then what was given beside as name=value."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {message}", "%H:%M:%S", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        given: Mapping[str, Any] = getattr(record, "fields", {})
        fields = " ".join(f"{name}={value}" for name, value in given.items() if value is not None)
        line = super().formatMessage(record)
        return f"{line} {fields}" if fields else line


class JSONFormatter(logging.Formatter):
    """One flat object: time, level, logger, message, then what was given beside."""

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

"""Log lines for people; those for machines are python-json-logger's."""

import logging
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class TextFormatter(logging.Formatter):
    """Time, level, message, then what was given beside as name=value."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {message}", "%H:%M:%S", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        given: dict[str, Any] = {n: v for n, v in vars(record).items() if n not in _STANDARD}
        fields = " ".join(f"{name}={value}" for name, value in given.items() if value is not None)
        line = super().formatMessage(record)
        return f"{line} {fields}" if fields else line

"""Placeholder until the supervisor of the embedded PostgreSQL lands."""

from pathlib import Path


def local_url(var: Path) -> str:
    return f"postgresql://postgres@/adult?host={var}"

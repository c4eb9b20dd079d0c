"""Load tests with wrk, and the processor time of each request."""

import http.client
import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_TICKS = os.sysconf("SC_CLK_TCK")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class Measured(NamedTuple):
    """`rate` is in requests/s, `cpu` in microseconds per request, latencies in milliseconds."""

    rate: float
    cpu: float
    median: float
    p99: float


def wrk(
    url: str, server: int, seconds: int, headers: Mapping[str, str] = {}, steady: int = 0
) -> Measured:
    """Requests `url` on 64 connections without pause, or on `steady` ones with steady.lua.

    There are enough connections for all processes of a server.

    Raises where any answer is an error.
    """
    command = ["wrk", "-t1", f"-c{steady or 64}", f"-d{seconds}", "--latency", url]
    if steady:
        command += ["--script", str(Path(__file__).with_name("steady.lua"))]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = cpu(server)
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu(server) - before
    requests = int(_find(r"(\d+) requests in", text)[0])
    if "Non-2xx" in text or not requests:
        raise RuntimeError(f"{url}: {text}")
    return Measured(
        float(_find(r"Requests/sec:\s+([\d.]+)", text)[0]),
        used / requests * 1e6,
        _latency("50%", text),
        _latency("99%", text),
    )


def _find(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk said: {text}")
    return found.groups()


def _latency(which: str, text: str) -> float:
    number, unit = _find(rf"{which}\s+([\d.]+)(us|ms|s)", text)
    return float(number) * _MILLISECONDS[unit]


def family(process: int) -> list[int]:
    """Returns a process and all its descendants."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(pid for child in children for pid in family(int(child)))]


def cpu(process: int) -> float:
    """Returns the processor time of a process and its descendants, in seconds."""
    total = 0
    for pid in family(process):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))  # its own, and of children that have ended
    return total / _TICKS


def memory(process: int) -> list[float]:
    """Returns the memory of a process and of each descendant in MB; shared memory is divided."""
    sizes = []
    for pid in family(process):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        sizes.append(int(_find(r"Pss:\s+(\d+) kB", rollup)[0]) / 1024)
    return sizes


class Client:
    """A connection that stays open."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)

    def get(self, path: str, **headers: str) -> tuple[Any, bytes, float]:
        """Returns the answer, its body, and the latency in milliseconds."""
        start = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status not in {200, 304}:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return answer, body, (time.perf_counter() - start) * 1000

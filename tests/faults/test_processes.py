"""Workers die, are told to stop and to start anew; clients are slow, too many, or half there."""

import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from tests.faults.service import PATHS, Load, Service, wait_until

MEAN = PATHS[0]


def renewed(service: Service, gone: Any) -> bool:
    """Whether there are two workers and none of those that had to go."""
    return len(service.workers) == 2 and not set(gone) & set(service.workers)


def test_a_worker_killed(service: Service, record: Any) -> None:
    recovery = []
    with Load(service) as load:
        for _ in range(3):
            time.sleep(1)
            before = service.workers
            os.kill(before[0], signal.SIGKILL)
            recovery.append(wait_until(lambda before=before: renewed(service, before[:1])))
        time.sleep(2)
    # What the worker had in its hands is lost, as many as it has threads; nothing else.
    assert load.errors.total() <= 3 * 6, load.errors
    record("a worker killed (kill -9) three times", **load.figures(), recovery=max(recovery))


def test_sighup_under_load(service: Service, record: Any) -> None:
    with Load(service) as load:
        for _ in range(2):
            time.sleep(1)
            before = set(service.workers)
            service.signal(signal.SIGHUP)
            seconds = wait_until(lambda before=before: renewed(service, before))
        time.sleep(1)
    assert not load.errors
    record("SIGHUP under load, twice", **load.figures(), recovery=seconds)


def test_sigterm_under_load(url: str, record: Any) -> None:
    """A request that was taken is answered; afterwards nobody listens."""
    with Service({"DATABASE_URL": url}) as service, Load(service, kept_alive=True) as load:
        time.sleep(2)
        service.signal(signal.SIGTERM)
        service.process.wait(60)
    assert service.process.returncode == 0
    # Connections are refused once it is gone, or reset in the moment its socket closes.
    refused = {"ConnectionRefusedError", "ConnectionResetError"}
    assert set(load.errors) <= refused, load.errors
    assert load.errors["ConnectionResetError"] <= 6
    record("SIGTERM under load", **load.figures(), recovery=None)


def test_slow_and_half_open_clients(service: Service, record: Any) -> None:
    """Three hundred clients that send nothing, half a head, or that byte by byte."""
    starts = (b"", b"GET /v1 HTT", b"GET /v1 HTTP/1.1\r\nHost: localhost\r\nX: ")
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", service.port), 30))
            for _ in range(300)
        ]
        for number, client in enumerate(clients):
            client.sendall(starts[number % 3])
        with Load(service, clients=4) as load:
            for _ in range(12):
                time.sleep(1)
                for client in clients[2::3]:
                    try:
                        client.sendall(b"a")
                    except OSError:
                        continue
        ends = [client.recv(100) for client in clients[:2]]
    assert not load.errors
    assert load.slowest < 5
    assert ends == [b"", b""]  # cut off in the end
    record("300 slow and half-open clients", **load.figures(), recovery=0.0)


def test_downloads_that_nobody_reads(service: Service, record: Any) -> None:
    """Clients that ask for a file and read none of it leave threads for the others."""
    request = b"GET /v1/people.ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(40):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", service.port))
            client.sendall(request)
        time.sleep(3)
        with Load(service, clients=4) as load:
            time.sleep(3)
            answer = service.get("/v1/people.csv")
        assert (answer.status, answer.problem) == (503, "too-many-downloads")
        assert answer.headers["retry-after"].isdecimal()
    assert not load.errors
    assert load.slowest < 5
    seconds = wait_until(lambda: service.get("/v1/people.csv").status == 200)
    record("40 downloads that nobody reads", **load.figures(), recovery=seconds)


def test_a_burst(service: Service, record: Any) -> None:
    """Ten times as many clients as threads, each with an answer nobody has asked for before."""
    outcomes: Counter[str] = Counter()

    def ask(number: int) -> float:
        start = time.monotonic()
        answer = service.get(f"/v1/computation/count/age?fnlwgt__gt={number}", timeout=90)
        if answer.status == 200:
            outcomes["wrong"] += json.loads(answer.body)["rows"] > 48842
        else:
            outcomes[f"{answer.status} {answer.problem}"] += 1
        return time.monotonic() - start

    with ThreadPoolExecutor(80) as pool:
        seconds = sorted(pool.map(ask, range(1600)))
    wrong = outcomes.pop("wrong", 0)
    assert not outcomes
    start = time.monotonic()
    assert service.get("/v1/computation/count/age?fnlwgt__gt=99999").status == 200
    recovery = time.monotonic() - start
    record(
        "a burst of 80 clients on 8 threads",
        requests=len(seconds),
        wrong=wrong,
        errors=dict(outcomes),
        slowest_seconds=round(seconds[-1], 2),
        recovery=recovery,
    )


def test_the_cache_server_killed(url: str, record: Any, tmp_path: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    cache = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        environment = {"DATABASE_URL": url, "CACHE_URL": f"redis://127.0.0.1:{port}/0"}
        with Service(environment) as service, Load(service) as load:
            for _ in range(2):
                time.sleep(2)
                cache.kill()
                cache.wait()
                time.sleep(1)
                start = time.monotonic()
                answer = service.get(
                    f"/v1/computation/mean/age?fnlwgt__gt={time.time_ns() % 10**6}"
                )
                seconds = time.monotonic() - start
                assert answer.status == 200
                cache = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            time.sleep(2)
    finally:
        cache.kill()
        cache.wait()
    assert not load.errors
    record("cache server killed, twice", **load.figures(), recovery=seconds)

"""Clients that send requests without pause and check the answers with UCI's files."""

import csv
import gzip
import http.client
import json
import random
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.faults.service import PATIENCE, ROOT, Answer, Server, received, wait_until

AGE, FNLWGT, SEX = 0, 2, 9  # where they are in a line of UCI's files


class Question(NamedTuple):
    """A path, the part of its answer that is checked, and the correct value."""

    path: str
    look: Callable[[Any], Any]
    right: Any


class People:
    """The dataset of UCI's files, with running sums by weight for any selection."""

    def __init__(self) -> None:
        folder = ROOT / "census" / "data"
        lines = (folder / "adult.data.gz", folder / "adult.test.gz")
        rows = [row for path in lines for row in _rows(path)]
        self.rows = len(rows)
        self.weights = sorted(int(row[FNLWGT]) for row in rows)
        by_weight = sorted((int(row[FNLWGT]), int(row[AGE])) for row in rows)
        self._ages = [0, *accumulate(age for _, age in by_weight)]
        self.ages = self._ages[-1]
        self.women = sum(row[SEX] == "Female" for row in rows)

    def known(self) -> list[Question]:
        """Returns questions whose answers the proxy soon caches."""
        return [
            Question("/v1/computation/mean/age", _of("value"), self.ages / self.rows),
            Question("/v1/computation/sum/fnlwgt", _of("value"), sum(self.weights)),
            Question(
                "/v1/computation/count/age?group_by=sex",
                lambda answer: [group["value"] for group in answer["groups"]],
                [self.women, self.rows - self.women],
            ),
            Question("/v1/people?page_size=1", _of("count"), self.rows),
        ]

    def new(self) -> Question:
        """Returns a question that is most likely new."""
        low = random.randrange(self.weights[0], self.weights[-1])
        high = random.randrange(low, self.weights[-1] + 1)
        ages = (
            self._ages[bisect_left(self.weights, high)] - self._ages[bisect_left(self.weights, low)]
        )
        path = f"/v1/computation/sum/age?fnlwgt__gte={low}&fnlwgt__lt={high}"
        return Question(path, _of("value"), ages)


def _rows(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt") as file:
        return [row for row in csv.reader(file, skipinitialspace=True) if len(row) > 1]


def _of(name: str) -> Callable[[Any], Any]:
    return lambda answer: answer[name]


PEOPLE = People()


class Load:
    """`clients` that send requests without pause and check every answer.

    Half of their questions are new, unless `new` says otherwise. What is not a 200 counts as an
    error, by its status and problem or by its exception.
    """

    def __init__(
        self,
        service: Server,
        clients: int = 6,
        *,
        kept_alive: bool = False,
        new: float = 0.5,
    ) -> None:
        self.service = service
        self.sent = self.right = self.wrong = self.resent = 0
        self.errors: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.slowest = 0.0
        self._healed: float | None = None
        self._last_error = 0.0
        self._known = PEOPLE.known()
        self._kept_alive = kept_alive
        self._new = new
        self.seconds: list[float] = []
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self.wait_for_answers()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a client waits for ever"

    def wait_for_answers(self, number: int = 50) -> None:
        """Waits for this many more correct answers."""
        enough = self.right + number
        wait_until(lambda: self.right >= enough)

    def wait_for_errors(self, number: int = 1) -> None:
        enough = self.errors.total() + number
        wait_until(lambda: self.errors.total() >= enough)

    def healed(self) -> None:
        """Marks the end of the fault, from which the recovery is measured."""
        self._healed = time.monotonic()

    @property
    def recovery(self) -> float | None:
        """Seconds from the end of the fault to the last error."""
        return None if self._healed is None else max(self._last_error - self._healed, 0.0)

    def figures(self) -> dict[str, Any]:
        return {
            "requests": self.sent,
            "wrong": self.wrong,
            "errors": dict(sorted(self.errors.items())),
            "recovery_seconds": self.recovery,
            "slowest_seconds": self.slowest,
        }

    def _ask(self) -> None:
        connection = self._connect()
        while not self._done.is_set():
            question = PEOPLE.new() if random.random() < self._new else random.choice(self._known)
            start, answer, error = time.monotonic(), None, ""
            try:
                answer = self._answer(connection, question.path)
            except (OSError, http.client.HTTPException) as failure:
                error = type(failure).__name__
            if error or not self._kept_alive:
                connection.close()
            self._judge(question, answer, error, time.monotonic() - start)
            if error:
                time.sleep(0.1)
        connection.close()

    def _answer(self, connection: http.client.HTTPConnection, path: str) -> Answer:
        """Sends the request again if a kept connection was closed, as all clients do."""
        kept = connection.sock is not None
        try:
            connection.request("GET", path)
            return received(connection)
        except ConnectionError:
            if not kept:
                raise
            with self._lock:
                self.resent += 1
            connection.close()
            connection.request("GET", path)
            return received(connection)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)

    def _judge(self, asked: Question, answer: Answer | None, error: str, seconds: float) -> None:
        right = False
        if answer and answer.status == 200:
            right = asked.look(json.loads(answer.body)) == asked.right
        elif answer:
            error = f"{answer.status} {answer.problem}"
        with self._lock:
            self.sent += 1
            self.slowest = max(self.slowest, seconds)
            self.right += right
            if right:
                self.seconds.append(seconds)
            if error:
                self.errors[error] += 1
                self._last_error = time.monotonic()
            elif not right:
                self.wrong += 1
                self.unexpected.append(asked.path)
            if answer and answer.status in (429, 503) and "retry-after" not in answer.headers:
                self.unexpected.append(f"{asked.path}: no Retry-After")

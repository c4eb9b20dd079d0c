"""gunicorn's threaded worker, but that nothing piles up before its threads, and nothing is lost."""

import select
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from adultapi.gunicorn import queue_timeout

# A process that has too much to do should not be taken for one that is dead.
_HEALTH_CHECKS = (b"GET /healthz ", b"GET /readyz ")


class OverloadedError(Exception):
    """Nobody has come round to a request in time."""


class BoundedWorker(ThreadWorker):  # type: ignore[misc]
    """Refuses what no thread has taken after `queue_timeout` seconds, by `handle_error`.

    The main thread does that, whatever keeps the others. Health checks have a thread of their
    own: each connection tells how its request begins, as `begin`. When `worker_connections` are
    open, the one that has been idle for longest makes room. Who stops takes in all that have
    connected before.
    """

    def __init__(self, *arguments: Any, **names: Any) -> None:
        super().__init__(*arguments, **names)
        self._waiting: deque[tuple[float, Any, Future[Any]]] = deque()

    def init_process(self) -> None:
        self._health_checks = ThreadPoolExecutor(1)
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        pool = self._health_checks if conn.begin.startswith(_HEALTH_CHECKS) else self.tpool
        conn.begin = b""
        future = self.submit(pool, conn, self.handle, conn)
        self._waiting.append((time.monotonic(), conn, future))

    def submit(self, pool: ThreadPoolExecutor, conn: Any, call: Any, *given: Any) -> Future[Any]:
        """Have a thread do something for a connection; it returns whether that is kept."""
        future = pool.submit(call, *given)
        future.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )
        return future

    def murder_pending(self) -> None:
        """Do what there is to do between two events, once a second at least."""
        super().murder_pending()
        self._refuse_late()
        self._make_room()

    def _refuse_late(self) -> None:
        late = time.monotonic() - queue_timeout
        refused = 0
        while self._waiting:
            since, conn, future = self._waiting[0]
            waits = not (future.running() or future.done())
            if waits and since > late:
                break
            self._waiting.popleft()
            if waits and future.cancel():  # whereupon the connection is closed
                self.handle_error(None, conn.sock, conn.client, OverloadedError())
                refused += 1
        if refused:
            self.log.warning("Refused %d requests that waited %d s.", refused, queue_timeout)

    def _make_room(self) -> None:
        """Let go of those who say nothing: they can come again, others could not come at all."""
        while self.nr_conns >= self.worker_connections:
            idle = self.pending_conns or self.keepalived_conns
            if not idle:
                break
            conn = idle.popleft()
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start, pause or, once the worker is to end, finish to take in connections."""
        ends = not enabled and not self.alive and self._accepting
        if ends:
            self._accept_all()
        super().set_accept_enabled(enabled)
        if ends:  # else the kernel would go on to take some in, for nobody
            for listener in self.sockets:
                listener.close()

    def _accept_all(self) -> None:
        for listener in self.sockets:
            queue = select.poll()
            queue.register(listener, select.POLLIN)
            while queue.poll(0) and self.nr_conns < self.worker_connections:
                self.accept(listener)

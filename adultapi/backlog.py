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
_PAUSE = 0.5  # seconds without new connections after one that there was no room for
_SILENCE = 60.0  # seconds between two warnings of that


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
        self._paused_until = self._silent_until = 0.0

    def init_process(self) -> None:
        self._health_checks = {check: ThreadPoolExecutor(1) for check in _HEALTH_CHECKS}
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        begin = conn.begin[: conn.begin.find(b" ", 4) + 1]
        pool = self._health_checks.get(begin) or self.tpool
        conn.begin = b""
        future = pool.submit(self.handle, conn)
        self._waiting.append((time.monotonic(), conn, future))
        future.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

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
        while self.nr_conns >= self.worker_connections and self.let_one_go():
            pass

    def let_one_go(self) -> bool:
        """Close the connection that has been idle for longest; return whether there was one."""
        idle = self.pending_conns or self.keepalived_conns
        if not idle:
            return False
        conn = idle.popleft()
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
        return True

    def pause_accepting(self, error: OSError) -> None:
        """Leave those who connect to the kernel for a while: there is no room for a connection."""
        now = time.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + _SILENCE
            self.log.warning("Cannot take in connections beyond %d: %s", self.nr_conns, error)
        self._paused_until = now + _PAUSE
        self.let_one_go()
        self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start, pause or, once the worker is to end, finish to take in connections."""
        if enabled and time.monotonic() < self._paused_until:
            return
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
                if time.monotonic() < self._paused_until:
                    return

"""gunicorn's threaded worker, but that its main thread answers what is in memory."""

from concurrent.futures import Future
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.body import ChunkedReader
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

from adultapi.sending import SendingWorker


class Parser(RequestParser):  # type: ignore[misc]
    """A parser by which one can look at the next request first."""

    _next: Request | Exception | None = None

    def look(self) -> Request | None:
        """Return the next request, and again when it is asked for; None where it is none."""
        try:
            self._next = super().__next__()
        except Exception as error:  # noqa: BLE001  (it is raised when it is asked for)
            self._next = error
            return None
        return self._next

    def __next__(self) -> Request:
        found, self._next = self._next, None
        if isinstance(found, Exception):
            raise found
        return found or super().__next__()


class _Outbox(list[bytes]):
    """Takes what would be sent, of an answer that is known to be short."""

    sendall = send = list.append


class PromptWorker(SendingWorker):
    """Asks the way in, `front`, whether it can answer without waiting, before a thread is woken.

    To wake one, and to be woken by it, takes longer than such an answer; and threads take
    Python's lock from each other across cores, if one is free, for two to three times the
    processor time.
    """

    def enqueue_req(self, conn: Any) -> None:
        try:
            # What came behind another request is not looked at: it has no `begin`.
            answered = bool(conn.begin) and self._answer(conn)
        except Exception as error:  # noqa: BLE001  (as in a thread, others go on)
            self.handle_error(None, conn.sock, conn.client, error)
            self._finish(conn, keep=False)
            return
        if not answered:
            super().enqueue_req(conn)

    def _answer(self, conn: Any) -> bool:
        from adultapi import front  # once Django is set up

        conn.init()
        conn.sock.setblocking(False)  # noqa: FBT003
        request = conn.parser.look()
        if request is None or has_body(request) or self.nr + 1 >= self.max_requests:
            return False
        outbox = _Outbox()
        response, environ = wsgi.create(request, outbox, conn.client, conn.server, self.cfg)
        if outbox or not front.prepare(environ):
            return False
        next(conn.parser)  # it is taken
        conn.begin = b""
        self.nr += 1
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        for part in self.wsgi(environ, response.start_response):
            response.write(part)
        response.close()
        keep = not response.should_close()
        try:
            conn.sock.sendall(b"".join(outbox))
        except OSError:  # it has gone
            keep = False
        self._finish(conn, keep=self._keepalive_after(conn, keep))
        return True

    def _finish(self, conn: Any, *, keep: bool) -> None:
        done: Future[bool] = Future()
        done.set_result(keep)
        self.finish_request(conn, done)


def has_body(request: Request) -> bool:
    reader = request.body.reader
    return isinstance(reader, ChunkedReader) or bool(reader.length)

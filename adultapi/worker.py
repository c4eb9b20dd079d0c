"""gunicorn's threaded worker, but that neither a thread nor the poller waits for a client."""

import errno
import json
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http.errors import (
    InvalidHeader,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn

from adultapi.backlog import OverloadedError
from adultapi.prompt import Parser, PromptWorker, has_body
from adultapi.sending import Client

HEAD_SECONDS = 10.0  # that a client has to send the head of a request
LINGER_SECONDS = 2.0  # that a client has to close its end after the last answer
LARGEST_HEAD = 1 << 16  # bytes
_LONGEST_LINE = 8190  # bytes, see `limit_request_line`
_END_OF_HEAD = b"\r\n\r\n"
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Log(Logger):  # type: ignore[misc]
    """gunicorn's log without requests: the application logs them, and for a third of the time."""

    def access(self, *_: Any) -> None:
        """Write nothing, and look nothing up for it, as `logconfig_dict` would have it."""


class _Connection(TConn):  # type: ignore[misc]
    """A connection that leaves it to the worker to wait for the client's end."""

    seen = 0  # bytes of a head that is not whole yet
    begin = b""  # of one that is

    def __init__(self, linger: Callable[["_Connection"], object], *of_client: Any) -> None:
        super().__init__(*of_client)
        self.parser = Parser(self.cfg, self.sock, self.client)
        self._linger = linger

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._linger(self)
        else:
            super().close()


class Worker(PromptWorker):
    """Hands a connection to a thread once the whole head of a request is there.

    Until then it is in the poller: half-open and slow clients cost memory alone, up to
    `worker_connections` of them for `HEAD_SECONDS`. The same goes for clients that do not close
    their end, whom gunicorn would wait for in the very loop that serves all others. Bodies are
    not waited for: nothing here reads one.
    """

    def __init__(self, *arguments: Any, **names: Any) -> None:
        super().__init__(*arguments, **names)
        self._lingering: deque[_Connection] = deque()

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker's, or gone
            return
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self.pause_accepting(error)
            return
        self.nr_conns += 1
        of_client = (Client(client), address, listener.getsockname())
        self._await_head(_Connection(self._linger, self.cfg, *of_client))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Take what may be a further request on a connection that was kept."""
        if _is_whole(found := _peek(client)):  # nearly always
            conn.begin = found
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Look at what is there of a head; refuse one that is too large, end one that ended."""
        found = _peek(client)
        if found is None:
            return
        if _is_whole(found):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            conn.begin = found
            super().on_pending_socket_readable(conn, client)
        elif len(found) == LARGEST_HEAD:
            self._forget(conn, self.pending_conns)
            self.handle_error(None, client, conn.client, _excess(found))
            conn.close(graceful=True)
        elif len(found) == conn.seen:  # woken by the end of the client
            self._forget(conn, self.pending_conns)
            conn.close()
        else:
            # Else the poller would come back at once for what was seen already.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(found) + 1)
            conn.seen = len(found)

    def _await_head(self, conn: Any) -> None:
        conn.sock.setblocking(False)  # noqa: FBT003
        conn.timeout = time.monotonic() + HEAD_SECONDS
        conn.seen = 0
        self.pending_conns.append(conn)
        ready = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, ready)
        ready(conn.sock)

    def _forget(self, conn: Any, among: deque[Any]) -> None:
        self.poller.unregister(conn.sock)
        among.remove(conn)
        self.nr_conns -= 1

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer, and let go of a client that sends a body: nothing here takes one."""
        if req.version >= (1, 1) and all(name != "HOST" for name, _ in req.headers):
            raise InvalidHeader("HOST", req)
        if has_body(req):
            req.force_close()
        return super().handle_request(req, conn)

    def _linger(self, conn: _Connection) -> None:
        """Say that this was all, and wait in the poller for the client to close its end.

        To close at once would take from the client what it has not read yet.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)  # noqa: FBT003
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        except OSError:  # it has gone
            conn.close()
            return
        self.nr_conns += 1
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self._lingering.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: _Connection, client: socket.socket) -> None:
        try:
            more = bool(client.recv(LARGEST_HEAD))
        except BlockingIOError:
            return
        except OSError:
            more = False
        if not more:
            self._forget(conn, self._lingering)
            conn.close()

    def murder_pending(self) -> None:
        super().murder_pending()
        while self._lingering and self._lingering[0].timeout < time.monotonic():
            conn = self._lingering[0]
            self._forget(conn, self._lingering)
            conn.close()

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Let go of a client that sent half of its next request behind this one."""
        kept = super()._keepalive_after(conn, keepalive)
        ahead = conn.parser.unreader.buf.getvalue()
        return bool(kept) and (not ahead or _is_whole(ahead))

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what never got to Django by a problem document, as gunicorn would by HTML."""
        if isinstance(exc, ParseException):
            self.log.warning("Refused a request of %s: %s", addr and addr[0], exc)
        elif not isinstance(exc, OverloadedError):
            self.log.error("Error handling %s", getattr(req, "uri", "a request"), exc_info=exc)
        from adultapi import telemetry  # once Django is set up, as below

        status, content = _refusal(exc)
        telemetry.count_refused(status)
        try:
            write_nonblock(client, content)
        except OSError:
            self.log.debug("Failed to send the refusal.")


def _peek(client: socket.socket) -> bytes | None:
    """Return what is there to be read, empty at the end; None where nothing is yet."""
    try:
        return client.recv(LARGEST_HEAD, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _is_whole(head: bytes | None) -> bool:
    """Whether a parser would not have to wait for more; it passes over one empty line before."""
    return head is not None and _END_OF_HEAD in head.removeprefix(b"\r\n")


def _excess(head: bytes) -> ParseException:
    """Return what is wrong with a head that is too large."""
    if b"\n" in head[: _LONGEST_LINE + 2]:
        return LimitRequestHeaders("the head is too large")
    return LimitRequestLine(len(head), _LONGEST_LINE)


def _refusal(exc: Exception) -> tuple[int, bytes]:
    """Return the status and the whole of an answer to what did not become a request."""
    from adultapi.problems import MEDIA_TYPE, PROBLEMS, RETRY_SECONDS, document
    from adultapi.security import HEADERS

    match exc:
        case LimitRequestLine():
            slug, detail = "uri-too-long", "The URL is too long."
        case LimitRequestHeaders():
            slug, detail = "headers-too-large", "The header fields are too many or too long."
        case ParseException():
            slug, detail = "bad-request", "This is no HTTP request that can be read."
        case OverloadedError():
            slug, detail = "overloaded", "There are more requests than can be answered."
        case _:
            slug, detail = "internal-error", "The service failed; the fault was logged."
    problem = PROBLEMS[slug]
    body = json.dumps(document(problem, "", detail)).encode()
    head = (
        f"HTTP/1.1 {problem.status} {problem.title}\r\n"
        "Connection: close\r\n"
        f"Content-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
    )
    headers = HEADERS | ({"Retry-After": str(RETRY_SECONDS)} if problem.status == 503 else {})
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return problem.status, f"{head}\r\n".encode("ascii") + body

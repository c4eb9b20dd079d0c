"""gunicorn's threaded worker, but that no thread waits for a client."""

import json
import selectors
import socket
import struct
import time
from functools import partial
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_SECONDS = 10.0  # that a client has to send the head of a request
STALL_SECONDS = 20  # that a client may leave what is sent to it untouched
_LARGEST_HEAD = 1 << 16  # bytes; gunicorn refuses the request when it reads that many
_END_OF_HEAD = b"\r\n\r\n"


class Worker(ThreadWorker):  # type: ignore[misc]
    """Hands a connection to a thread once the whole head of a request is there.

    Until then it is in the poller: half-open and slow clients cost memory alone, up to
    `worker_connections` of them for `HEAD_SECONDS`. Who does not take the answer is cut off.
    """

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker's, or gone
            return
        self.nr_conns += 1
        # By the kernel: gunicorn takes a timeout of Python's away.
        stall = struct.pack("ll", STALL_SECONDS, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stall)
        self._await_head(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Take what may be a further request on a connection that was kept."""
        if _has_head(client):  # nearly always
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        if _has_head(client):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            super().on_pending_socket_readable(conn, client)

    def _await_head(self, conn: Any) -> None:
        conn.sock.setblocking(False)  # noqa: FBT003
        conn.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(conn)
        ready = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, ready)
        ready(conn.sock)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Let go of a client that sent half of its next request behind this one."""
        kept = super()._keepalive_after(conn, keepalive)
        ahead = conn.parser.unreader.buf.getvalue()
        return bool(kept) and (not ahead or _END_OF_HEAD in ahead)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer what never got to Django by a problem document, as gunicorn would by HTML."""
        if isinstance(exc, ParseException):
            self.log.warning("Refused a request of %s: %s", addr and addr[0], exc)
        else:
            self.log.error("Error handling %s", getattr(req, "uri", "a request"), exc_info=exc)
        try:
            write_nonblock(client, _refusal(exc))
        except OSError:
            self.log.debug("Failed to send the refusal.")


def _has_head(client: socket.socket) -> bool:
    """Whether a thread would not have to wait: for a whole head, too long a one, or an end."""
    try:
        found = client.recv(_LARGEST_HEAD, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    whole = not found or len(found) == _LARGEST_HEAD or _END_OF_HEAD in found
    if not whole:  # else the poller would come back at once for what was seen already
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(found) + 1)
    return whole


def _refusal(exc: Exception) -> bytes:
    # Once Django is set up.
    from adultapi.problems import MEDIA_TYPE, PROBLEMS, document
    from adultapi.security import HEADERS

    match exc:
        case LimitRequestLine():
            slug, detail = "uri-too-long", "The URL is too long."
        case LimitRequestHeaders():
            slug, detail = "headers-too-large", "The header fields are too many or too long."
        case ParseException():
            slug, detail = "bad-request", "This is no HTTP request that can be read."
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
    head += "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return f"{head}\r\n".encode("ascii") + body

"""gunicorn's threaded worker, but that what a client is slow to take waits in the poller."""

import errno
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any

from adultapi.backlog import BoundedWorker

STALL_SECONDS = 20.0  # that a client may leave what is sent to it untouched
SLOWEST = 16 * 1024  # bytes a second that a client has to take beside, on the whole
AHEAD = 1 << 16  # bytes that may wait when more is sent
MOST_UNSENT = 64 << 20  # bytes that wait for all clients of a process together


class Client(socket.socket):
    """A client's socket: what does not go out at once is left for the poller, as `unsent`.

    So an answer that is finished, of whatever size, keeps no thread. Who makes an answer as he
    goes waits for the client once `AHEAD` is ahead of it.
    """

    def __init__(self, accepted: socket.socket) -> None:
        kind = (accepted.family, accepted.type, accepted.proto)
        super().__init__(*kind, fileno=accepted.detach())
        self.unsent: deque[memoryview] = deque()

    @property
    def waiting(self) -> int:
        """How many bytes are `unsent`."""
        return sum(map(len, self.unsent))

    @property
    def patience(self) -> float:
        """How many seconds the client has to take them."""
        return STALL_SECONDS + self.waiting / SLOWEST

    def sendall(self, data: Any, flags: int = 0) -> None:
        if self.waiting > AHEAD:
            self._wait()
        if not self.unsent:
            data = memoryview(data)[self._try(data, flags) :]
            if not data:
                return
        self.unsent.append(memoryview(data))

    def send(self, data: Any, flags: int = 0) -> int:
        """As gunicorn uses it for "100 Continue"."""
        self.sendall(data, flags)
        return len(data)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Read the file, which is one of the few that are served, rather than wait with it."""
        file.seek(offset)
        return self.send(file.read(-1 if count is None else count))

    def push(self) -> None:
        """Send some of what is unsent."""
        part = self.unsent.popleft()
        if rest := part[self._try(part) :]:
            self.unsent.appendleft(rest)

    def _try(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def _wait(self) -> None:
        """Return when all is sent; raise `ConnectionResetError` if that takes too long."""
        self.settimeout(self.patience)
        try:
            while self.unsent:
                super().sendall(self.unsent.popleft())
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client reads too slowly") from error
        finally:
            self.unsent.clear()
            self.settimeout(None)


class SendingWorker(BoundedWorker):
    """Sends what its threads have left unsent, as its clients take it.

    Who takes nothing for `STALL_SECONDS`, or less than `SLOWEST`, is cut off; so is who has been
    at it for longest, when too much waits or there is no room for others.
    """

    def __init__(self, *arguments: Any, **names: Any) -> None:
        super().__init__(*arguments, **names)
        self._sending: dict[Any, float] = {}  # connections, and when each has to be done
        self._looked = 0.0

    def finish_request(self, conn: Any, done: Future[Any]) -> None:
        """Go on with a connection whose answer is sent, now or once it is."""
        if not conn.sock.unsent or conn.sock.fileno() < 0:  # it was broken off
            super().finish_request(conn, done)
            return
        conn.sock.setblocking(False)  # noqa: FBT003
        now = time.monotonic()
        conn.timeout = now + STALL_SECONDS
        self._sending[conn] = now + conn.sock.patience
        self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._send, conn, done))
        while len(self._sending) > 1 and self._unsent() > MOST_UNSENT:
            self._cut_off(next(iter(self._sending)))

    def _unsent(self) -> int:
        return sum(conn.sock.waiting for conn in self._sending)

    def _send(self, conn: Any, done: Future[Any], client: Client) -> None:
        try:
            client.push()
        except OSError:  # it has gone
            self._cut_off(conn)
            return
        conn.timeout = time.monotonic() + STALL_SECONDS
        if not client.unsent:
            self.poller.unregister(client)
            del self._sending[conn]
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        super().murder_pending()
        now = time.monotonic()
        if now < self._looked + 1:
            return
        self._looked = now
        for conn, deadline in [*self._sending.items()]:
            if now > min(conn.timeout, deadline):
                self._cut_off(conn)

    def let_one_go(self) -> bool:
        if super().let_one_go():
            return True
        if self._sending:
            self._cut_off(next(iter(self._sending)))
            return True
        return False

    def _cut_off(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        del self._sending[conn]
        self.nr_conns -= 1
        conn.close()

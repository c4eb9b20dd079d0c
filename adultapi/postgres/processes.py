"""Child processes that do not outlive their parent."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ROOT = Path("/")  # where every account may be
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Account(NamedTuple):
    """The user that a process runs as."""

    uid: int
    gid: int
    name: str


def follow_parent(parent: int, signum: signal.Signals) -> None:
    """Has the kernel send `signum` to this process when `parent` ends, however it ends.

    Linux only; elsewhere nothing happens. Linux means the *thread* of the parent that started
    this process, and forgets the request when the process changes its user.
    """
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # it ended before the kernel knew
            os.kill(os.getpid(), signum)


def start(
    command: Sequence[str | Path],
    *,
    on_parent_death: signal.Signals,
    account: Account | None = None,
    output: IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    cwd: Path = _ROOT,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own, out of reach of the terminal's Ctrl-C.

    Call it from the main thread: see `follow_parent`. With an `account` (root only) the
    process runs as that user, with no other groups.
    """
    return subprocess.Popen(  # noqa: S603 - commands are made here, never from input
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=pass_fds,
        preexec_fn=_following(os.getpid(), on_parent_death),
        **_as(account),
    )


def run(
    command: Sequence[str | Path],
    *,
    account: Account | None = None,
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    text: str = "",
) -> subprocess.CompletedProcess[str]:
    """Runs `command` to its end, with `text` as its input; it ends with its parent."""
    return subprocess.run(  # noqa: S603 - as above
        command,
        cwd=_ROOT,
        env=env,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        pass_fds=pass_fds,
        preexec_fn=_following(os.getpid(), signal.SIGTERM),
        **_as(account),
    )


def _as(account: Account | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def stop(
    process: subprocess.Popen[bytes],
    *steps: tuple[signal.Signals, float],
    session: bool = False,
) -> None:
    """Ends `process`: sends each signal in turn and waits its seconds, then SIGKILL.

    With `session`, all that it started in its session ends, too.
    """
    for signum, seconds in steps:
        process.send_signal(signum)  # does nothing once it has ended
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    if session:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _following(parent: int, signum: signal.Signals) -> Callable[[], None]:
    return lambda: follow_parent(parent, signum)

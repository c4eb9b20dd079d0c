"""Child processes that end when their parent ends."""

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
_ROOT = Path("/")  # every account can enter it
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Account(NamedTuple):
    """The user and group of a process."""

    uid: int
    gid: int
    name: str


def follow_parent(parent: int, signum: signal.Signals) -> None:
    """Asks the kernel to send `signum` to this process when its parent ends in any way.

    It works on Linux only; elsewhere it does nothing. For Linux the parent is the *thread* that
    started this process. A change of user cancels the request.
    """
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # the parent ended before the call
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
    """Starts `command` in a new session, which Ctrl-C in the terminal does not reach.

    Call it from the main thread: see `follow_parent`. With an `account` (root only) the
    process runs as that user, without supplementary groups.
    """
    return subprocess.Popen(  # noqa: S603 - commands are never made from input
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=pass_fds,
        preexec_fn=_signal_on_parent_death(os.getpid(), on_parent_death),
        **_identity(account),
    )


def run(
    command: Sequence[str | Path],
    *,
    account: Account | None = None,
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    text: str = "",
) -> subprocess.CompletedProcess[str]:
    """Runs `command` with `text` as its input and waits for it; it ends if its parent ends."""
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
        preexec_fn=_signal_on_parent_death(os.getpid(), signal.SIGTERM),
        **_identity(account),
    )


def _identity(account: Account | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def stop(
    process: subprocess.Popen[bytes],
    *steps: tuple[signal.Signals, float],
    session: bool = False,
) -> None:
    """Ends `process`: sends each signal and waits that many seconds, then sends SIGKILL.

    With `session` it also ends all other processes of its session.
    """
    for signum, seconds in steps:
        process.send_signal(signum)  # does nothing if it has ended
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    if session:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _signal_on_parent_death(parent: int, signum: signal.Signals) -> Callable[[], None]:
    return lambda: follow_parent(parent, signum)

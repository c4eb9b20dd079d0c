"""Make .venv hold what a requirements file asks for: `python3 tools/venv.py FILE [FILE…]`.

The first file is what is needed; the others are larger sets that will do as well. What
was installed is noted in .venv by content, and only after pip has succeeded: a .venv
without the note is a half one, or nobody knows, and is made anew. Written for any
Python 3, so that an old one can be told so.
"""

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
VENV = Path(".venv")
NOTE = VENV / "requirements.installed"


def main() -> None:
    wanted, *larger = [Path(name) for name in sys.argv[1:]]
    if VENV.is_symlink() or _is_installed(wanted, larger):
        return  # a link is to somebody else's environment, theirs to keep up
    _check_python()
    try:
        with Path(".venv.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two at once, the second finds it done
            if not _is_installed(wanted, larger):
                _install(wanted)
    except OSError as error:
        folder = Path.cwd()
        _fail(f"Cannot write to {folder} ({error.strerror}): make it yours, or clone elsewhere.")


def _is_installed(wanted: Path, larger: "list[Path]") -> bool:
    if not (NOTE.exists() and _python_works()):
        return False
    return NOTE.read_bytes() in [path.read_bytes() for path in (wanted, *larger)]


def _python_works() -> bool:
    """Tell whether the Python that .venv was made with is still there."""
    try:
        return subprocess.run([_python(), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def _python() -> str:
    return str(VENV / "bin" / "python")


def _check_python() -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        _fail(
            f"Python {'.'.join(map(str, OLDEST))} or later is needed, {sys.executable} is "
            f"{version}: name another, as in `make PYTHON=python3.13 run`."
        )
    # Not imported here, where `venv` is this file.
    modules = [sys.executable, "-c", "import ensurepip, venv"]
    if subprocess.run(modules, check=False, stderr=subprocess.DEVNULL).returncode:
        _fail(
            f"The Python {version} at {sys.executable} lacks the module venv: install it "
            "(on Debian and Ubuntu: apt install python3-venv) and run make again."
        )


def _install(wanted: Path) -> None:
    whole = NOTE.exists() and _python_works()
    if whole:
        NOTE.unlink()
    else:
        shutil.rmtree(VENV, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(VENV)], "make .venv")
    print(f"Installing {wanted} into .venv: a minute or two, only this once.", flush=True)
    pip = [_python(), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "install", "-q", "--require-hashes", "-r", str(wanted)], "install the packages")
    new = NOTE.with_suffix(".new")
    shutil.copyfile(wanted, new)
    new.rename(NOTE)


def _run(command: "list[str]", task: str) -> None:
    result = subprocess.run(
        command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if result.returncode:
        # Whose package index this machine uses, perhaps with a password, is nobody's business.
        said = re.sub(r"\w+://\S+|host='[^']*'", "(address)", result.stdout).strip()
        _fail(f"Could not {task}; see to what it says and run make again:\n{said[-2000:]}")


def _fail(message: str) -> None:
    sys.exit(f"Error: {message}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

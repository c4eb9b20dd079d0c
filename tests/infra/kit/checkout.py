"""A checkout from which the scripts are run, on the AWS of the tests.

What has no counterpart there is played: the push to the registry (stubs/docker), the account's
quota and plan (stubs/aws), SSH (stubs/ssh), and the answer of the load balancer.
"""

import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import HERE, ROOT, Aws, copy_of_infra, run

Result = subprocess.CompletedProcess[str]


@dataclass
class Site:
    """A checkout from which a person deploys."""

    root: Path
    env: dict[str, str]
    asked: list[str]
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.infra = self.root / "infra"
        self.docker_calls = Path(self.env["DOCKER_CALLS"])
        self.push_fails = Path(f"{self.docker_calls}.push-fails")

    def run(self, command: list[str | Path], **env: str) -> Result:
        return run(command, self.root, self.env | env)

    def script(self, name: str, **env: str) -> Result:
        return self.run([self.infra / "scripts" / f"{name}.sh"], **env)

    def commit(self, message: str) -> str:
        """Commit a change and return the tag of its image."""
        (self.root / "Dockerfile").write_text(f"# {message}\n")
        commit = ["commit", "--quiet", "--allow-empty", "--message", message]
        for arguments in (["add", "--all"], commit):
            assert self.run(["git", *arguments]).returncode == 0
        self.tags.append(self.run(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip())
        return self.tags[-1]

    def plan(self, tag: str) -> Result:
        """Status 0 if nothing is left to change, 2 if something is."""
        given = ["-var", f"image_tag={tag}"]
        if (self.infra / "production.tfvars").exists():
            given.append("-var-file=production.tfvars")
        return self.run(
            ["terraform", f"-chdir={self.infra}", "plan", "-no-color", "-detailed-exitcode", *given]
        )

    def settings(self, text: str) -> None:
        (self.infra / "production.tfvars").write_text(text)

    def built(self) -> list[str]:
        """The images that were built, as NAME:TAG."""
        calls = self.docker_calls.read_text()
        return re.findall(r"^build .*--tag \S+/(\S+) --platform linux/amd64 ", calls, re.MULTILINE)


NAMED = "adult.example.org"  # a name that leads nowhere yet


@dataclass
class LoadBalancer:
    """Answers for every load balancer, as the proxy of curl: 503 once, then 200."""

    address: str
    certificate: Path
    asked: list[str]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for NAMED, in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={NAMED}", "-addext", f"subjectAltName=DNS:{NAMED}",
         "-keyout", path, "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    with path.open("a") as both:
        both.write(Path(f"{path}.crt").read_text())
    return path


@contextmanager
def serving(certificate: Path) -> Iterator[LoadBalancer]:
    asked: list[str] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            """Be what curl is led to: a load balancer by its own name."""
            host, _, port = self.path.partition(":")
            if not host.endswith((".amazonaws.com", ".cloudfront.net")):
                return self.send_error(502)
            self.send_response(200)
            self.end_headers()
            if port == "443":
                self.connection = tls.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", 0)
            return None

        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']} {self.path}")
            self.send_response(503 if len(asked) == 1 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def finish(self) -> None:
            super().finish()
            if self.connection is not self.request:  # the TLS around it
                self.connection.close()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield LoadBalancer(f"http://127.0.0.1:{server.server_port}", certificate, asked)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def load_balancer(certificate: Path) -> Iterator[LoadBalancer]:
    with serving(certificate) as balancer:
        yield balancer


def site_in(root: Path, aws: Aws, load_balancer: LoadBalancer) -> Site:
    """The checkout in the folder, from which is deployed to this AWS."""
    git = {"GIT_AUTHOR_NAME": "Test", "GIT_AUTHOR_EMAIL": "test@example.org"}
    git |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in git.items()}
    env = aws.env | git | {
        "PATH": f"{HERE / 'stubs'}:{aws.env['PATH']}",
        "DOCKER_CALLS": f"{root}.docker",
        "POLL_SECONDS": "0.1",
        "http_proxy": load_balancer.address,
        "https_proxy": load_balancer.address,
        "no_proxy": "127.0.0.1",
        "CURL_CA_BUNDLE": f"{load_balancer.certificate}.crt",
    }  # fmt: skip
    return Site(root, env, load_balancer.asked)


def new_site(root: Path, aws: Aws, load_balancer: LoadBalancer) -> Site:
    copy_of_infra(root)
    for file in [ROOT / ".gitignore", ROOT / "Makefile", *ROOT.glob("*.mk")]:
        shutil.copy(file, root)
    site = site_in(root, aws, load_balancer)
    assert site.run(["git", "init", "--quiet"]).returncode == 0
    return site


@pytest.fixture(scope="module")
def site(aws: Aws, load_balancer: LoadBalancer, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A checkout of which nothing is deployed yet."""
    return new_site(tmp_path_factory.mktemp("site"), aws, load_balancer)

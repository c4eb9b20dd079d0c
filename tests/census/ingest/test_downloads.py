"""Downloads from a web server with faults."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from census.ingest.content import Content
from census.ingest.sources import UCI_MD5, gather
from census.ingest.sources.downloads import Downloader, public_name, raw_address
from census.ingest.sources.streams import SourceError
from tests.census.ingest.tools import BOTH, ZIP, authentic, contents, read, zipped

TRAIN, TEST = BOTH.values()
Contents = dict[str, bytes]


Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(
    body: bytes,
    *,
    status: int = 200,
    length: int | None = None,
    pause: float = 0,
    disposition: str | None = None,
) -> Answer:
    """Answers with `body`, of which `length` bytes are promised, after a `pause`."""

    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if disposition:
            handler.send_header("Content-Disposition", disposition)
        if length != -1:
            handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        time.sleep(pause)
        handler.wfile.write(body[len(body) // 2 :])

    return give


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"this is no HTTP\r\n\r\n")


def redirect(to: str) -> Answer:
    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return give


@dataclass
class WebServer:
    """Sends its answers one after another, and then the last one again and again."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[WebServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.paths.append(self.path)
            give = server.answers[0] if len(server.answers) == 1 else server.answers.pop(0)
            try:
                give(self)
            except OSError:
                self.close_connection = True  # the client would not wait

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = WebServer(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield server
    http.shutdown()
    thread.join()
    http.server_close()


QUICK = Downloader(timeout=0.3, attempts=3, pause=0.01)


@pytest.mark.parametrize(
    ("path", "answers", "requests"),
    [
        ("/adult.zip", [answer(ZIP)], 1),
        ("/download?id=2", [answer(ZIP)], 1),
        ("/adult.zip", [answer(ZIP, length=-1)], 1),
        ("/adult.zip", [answer(b"busy", status=503), answer(ZIP)], 2),
        ("/adult.zip", [answer(b"slowly", status=429), answer(b"", status=500), answer(ZIP)], 3),
        ("/adult.zip", [answer(ZIP, pause=0.8), answer(ZIP)], 2),
        ("/adult.zip", [answer(ZIP, length=len(ZIP) + 1), answer(ZIP)], 2),
        ("/adult.zip", [hang_up, garbage, answer(ZIP)], 3),
        ("/adult.zip", [redirect("/elsewhere"), answer(ZIP)], 2),
    ],
)
def test_a_download(
    web: WebServer, tmp_path: Path, path: str, answers: list[Answer], requests: int
) -> None:
    web.answers += answers
    files = gather([web.url + path], tmp_path, downloader=QUICK)
    assert contents(files) == BOTH
    assert len(web.paths) == requests


@pytest.mark.parametrize("name", ["a.data", "a%20b.data.gz", "x/y/adult.data"])
def test_a_download_of_one_file(web: WebServer, tmp_path: Path, name: str) -> None:
    web.answers.append(answer(gzip.compress(TRAIN)))
    files = gather([f"{web.url}/{name}?token=secret"], tmp_path, downloader=QUICK)
    assert contents(files) == {"train": TRAIN}


@pytest.mark.parametrize(
    ("answers", "says", "requests"),
    [
        ([answer(b"", status=404)], "the server answers 404 Not Found", 1),
        ([answer(b"", status=401)], "the server answers 401 Unauthorized", 1),
        ([answer(b"", status=503)], "the server answers 503 Service Unavailable (3 attempts)", 3),
        ([answer(ZIP, pause=0.8)], "the download failed: timed out (3 attempts)", 3),
        ([answer(ZIP, length=10**6)], f"failed: received {len(ZIP)} of 1000000 bytes (3 att", 3),
        ([hang_up], "the download failed: Remote end closed connection", 3),
        ([garbage], "the download failed: ", 3),
        *[
            ([redirect(to)], f"adult.zip: is redirected to {to}, and only http(s) is followed", 1)
            for to in ("file:///etc/passwd", "ftp://127.0.0.1/adult.zip", "data:text/plain,a")
        ],
        ([answer(b"<html>Sorry</html>")], "adult.zip: is a web page or other markup", 1),
        ([answer(b"39, State-gov")], "is not a zip file", 1),
        ([redirect("/adult.zip")], "is redirected in a circle: give another address", 2),
        ([redirect("http://u:p@127.0.0.1/a")], "to http://127.0.0.1/a with a user name", 1),
        ([answer(ZIP[:-10])], "is damaged: File is not a zip file", 1),
        ([answer(zipped({"adult.data": TRAIN}))], "has no adult.test", 1),
        ([answer(ZIP)], "adult.data: is not UCI's file: its md5 is", 1),
    ],
)
def test_uci_in_a_mood(
    web: WebServer, tmp_path: Path, answers: list[Answer], says: str, requests: int
) -> None:
    def verified() -> None:
        for file in gather(["uci"], tmp_path, uci_url=f"{web.url}/adult.zip", downloader=QUICK):
            file.verify(file.digest())

    web.answers += answers
    with pytest.raises(SourceError) as raised:
        verified()
    assert says in str(raised.value)
    assert len(web.paths) == requests


def test_uci(web: WebServer, tmp_path: Path) -> None:
    names = ("adult.data", "adult.test")
    web.answers.append(answer(zipped({name: authentic(name) for name in names})))
    files = gather(["uci"], tmp_path, uci_url=f"{web.url}/adult.zip", downloader=QUICK)
    assert [file.digest().md5 for file in files] == list(UCI_MD5.values())
    assert [file.name for file in files] == list(names)


def test_a_server_that_is_not_there(tmp_path: Path, web: WebServer) -> None:
    with pytest.raises(SourceError, match=r"^http://127.0.0.1:1/a.zip: the download failed: .*ref"):
        gather(["http://127.0.0.1:1/a.zip"], tmp_path, downloader=QUICK)


def test_redirects_without_end(web: WebServer, tmp_path: Path) -> None:
    web.answers += [redirect(f"/{number}") for number in range(99)]
    with pytest.raises(SourceError, match=r": is redirected more than 10 times"):
        gather([f"{web.url}/a"], tmp_path, downloader=QUICK)
    assert len(web.paths) < 15


@pytest.mark.parametrize(
    ("path", "answers", "name"),
    [
        ("/a/adult.data?raw=true", [answer(TRAIN)], "adult.data"),
        ("/a%20b.csv", [answer(TRAIN)], "a b.csv"),
        ("/a b\u00e9.csv", [answer(TRAIN)], "a b\u00e9.csv"),
        ("/dl/7", [redirect("/files/adult.test"), answer(TRAIN)], "adult.test"),
        ("/adult.csv", [redirect("/files/a7b2"), answer(TRAIN)], "adult.csv"),
        ("/dl/7", [answer(TRAIN, disposition='attachment; filename="adult.test"')], "adult.test"),
        ("/7", [answer(TRAIN, disposition="inline; filename*=UTF-8''a%20test.csv")], "a test.csv"),
        ("/7", [answer(TRAIN, disposition="attachment; filename=../../etc/x.data")], "x.data"),
        ("/7", [answer(TRAIN, disposition="attachment; filename=..")], "7"),
        ("/", [answer(TRAIN)], "download"),
        ("/..", [answer(TRAIN)], "download"),
    ],
)
def test_the_name_of_a_download(
    web: WebServer, tmp_path: Path, path: str, answers: list[Answer], name: str
) -> None:
    web.answers += answers
    (file,) = gather([web.url + path], tmp_path, downloader=QUICK)
    assert (file.name, read(file)) == (name, TRAIN)


def test_two_downloads_of_one_name(web: WebServer, tmp_path: Path) -> None:
    web.answers += [answer(TRAIN), answer(TEST)]
    files = gather([f"{web.url}/a/x.csv", f"{web.url}/b/x.csv"], tmp_path, downloader=QUICK)
    assert [read(file) for file in files] == [TRAIN, TEST]


@pytest.mark.parametrize(
    ("page", "raw"),
    [
        ("https://github.com/o/r/blob/main/adult.csv", "https://github.com/o/r/raw/main/adult.csv"),
        ("https://gitlab.com/o/r/-/blob/m/a.csv", "https://gitlab.com/o/r/-/raw/m/a.csv"),
        ("https://codeberg.org/o/r/src/branch/m/a", "https://codeberg.org/o/r/raw/branch/m/a"),
        (
            "https://huggingface.co/datasets/o/r/blob/main/a.csv",
            "https://huggingface.co/datasets/o/r/resolve/main/a.csv",
        ),
        ("https://host/adult.csv", None),
    ],
)
def test_where_a_page_has_its_file(page: str, raw: str | None) -> None:
    assert raw_address(page) == raw


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://host/a.zip", "file:///etc/passwd", "http://", "http://user:secret@host/a.zip"),
        *("https://:secret@host/a", "http://[::1/a", "http://host:x/a", "http://host:99999/a"),
    ],
)
def test_addresses_that_are_not_loaded(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceError, match="is not the address of a file") as raised:
        gather([url], tmp_path, downloader=QUICK)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("bundled", "bundled"),
        ("/a/b.data", "/a/b.data"),
        ("https://host:8/a.zip", "https://host:8/a.zip"),
        ("https://u:p@host/a.zip?token=t#f", "https://host/a.zip"),
    ],
)
def test_public_name(source: str, public: str) -> None:
    assert public_name(source) == public


def test_a_page_about_a_file_says_where_the_file_is(web: WebServer, tmp_path: Path) -> None:
    web.answers.append(answer(b"\n<!DOCTYPE html><html>"))
    files = gather([f"{web.url}/o/r/blob/main/adult.data"], tmp_path, downloader=QUICK)
    with pytest.raises(
        SourceError, match=r"^adult.data: is a web page .*/o/r/raw/main/adult.data$"
    ):
        Content(files)

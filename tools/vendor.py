"""Copies the scripts that draw charts from npm packages into census/pages/static/vendor.

npm fetches each package from its configured registry. The package must have the digest below. For
another version, change the version and the digest (`npm view NAME@VERSION dist.integrity`). The
versions must be those of vl-convert, so that pages and SVG files show the same chart.
"""

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path("census/pages/static/vendor")
# Name, version, SHA-512 of the package, and its script. vega-embed's script contains
# vega-interpreter, so only the licence of that package is copied.
PACKAGES = (
    (
        "vega",
        "6.2.0",
        "BIwalIcEGysJdQDjeVUmMWB3e50jPDNAMfLJscjEvpunU9bSt7X1OYnQxkg3uBwuRRI4nWfFZO9uIW910nLeGw==",
        "build/vega.min.js",
    ),
    (
        "vega-lite",
        "6.4.1",
        "KO3ybHNouRK4A0al/+2fN9UqgTEfxrd/ntGLY933Hg5UOYotDVQdshR3zn7OfXwQ7uj0W96Vfa5R+QxO8am3IQ==",
        "build/vega-lite.min.js",
    ),
    (
        "vega-embed",
        "7.0.2",
        "ZHQPWSs9mUTGJPZ5yQVhHV+OLDCoTIjR//De93vG6igZX1MQCVo03ePWlfWCUAnPV1IsKfeJLqA3K/Qd11bAFQ==",
        "build/vega-embed.min.js",
    ),
    (
        "vega-interpreter",
        "2.3.2",
        "JDAoi3taFcCDLujZG84TNNUXdkAZ5WsSHssx8lWVYaxb9Slsjk7v7PtRIYXpSlUwLaKGRBqoJ9KDs36Z0eMEIw==",
        None,
    ),
)
SOURCE_MAP = re.compile(rb"\n//# sourceMappingURL=.*\s*$")


def main() -> None:
    if not shutil.which("npm"):
        sys.exit("Error: npm, which fetches the packages, is not installed: install Node.js.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    versions = "".join(f"{name} {version}\n" for name, version, *_ in PACKAGES)
    (FOLDER / "VERSIONS.txt").write_text(versions)
    for name, version, digest, script in PACKAGES:
        with tempfile.TemporaryDirectory() as temporary:
            package = fetch(name, version, digest, Path(temporary))
            (FOLDER / f"{name}.LICENSE.txt").write_bytes(member(package, "LICENSE"))
            if script:
                # The source map is not copied, so collectstatic must not look for it.
                text = SOURCE_MAP.sub(b"\n", member(package, script))
                (FOLDER / Path(script).name).write_bytes(text)
    print(versions, end="")


def fetch(name: str, version: str, digest: str, folder: Path) -> Path:
    """Fetches a package with npm and returns its path; exits if the digest differs."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{name}@{version}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (package,) = folder.glob("*.tgz")
    actual = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if actual != digest:
        sys.exit(f"Error: {name} {version} has the digest {actual} instead of {digest}.")
    return package


def member(package: Path, name: str) -> bytes:
    with tarfile.open(package) as archive:
        file = archive.extractfile(f"package/{name}")
        return file.read() if file else b""


if __name__ == "__main__":
    main()

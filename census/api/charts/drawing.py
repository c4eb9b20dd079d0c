"""Draws definitions as SVG and PNG by vl-convert, an optional dependency."""

import hashlib
import json
import re
from importlib.util import find_spec

from census.api.charts.style import Spec

HINT = "Pictures need the extra `charts`: `pip install 'adultapi[charts]'`."
VERSION = "6.4"  # of Vega-Lite, as vendored for the page
PNG_SCALE = 2.0
_ID = re.compile(r'(?<= id=")[\w-]+(?=")|(?<=url\(#)[\w-]+(?=\))')


def available() -> bool:
    return find_spec("vl_convert") is not None


# Imported when first needed: it loads a JavaScript engine, which takes a second. Drawings are not
# cached here, as finished answers are.


def svg(spec: Spec) -> str:
    """Returns the drawing; its ids are reproducible and unique to it.

    vl-convert numbers them through all that a process draws. Where several are put into one page,
    those of the same number would clip each other.
    """
    import vl_convert

    text = json.dumps(spec)
    drawn = vl_convert.vegalite_to_svg(text, vl_version=VERSION, allowed_base_urls=[])
    prefix = f"v{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    numbers: dict[str, int] = {}
    return _ID.sub(lambda found: f"{prefix}-{numbers.setdefault(found[0], len(numbers))}", drawn)


def png(spec: Spec) -> bytes:
    """Returns the picture at twice its size in pixels, for high-resolution screens."""
    import vl_convert

    return vl_convert.vegalite_to_png(
        json.dumps(spec), vl_version=VERSION, scale=PNG_SCALE, allowed_base_urls=[]
    )

"""Definitions drawn as SVG and PNG, by vl-convert: an extra that may not be installed."""

import json
from functools import lru_cache
from importlib.util import find_spec

from census.api.charts.style import Spec

HINT = "Pictures need the extra `charts`: `pip install 'adultapi[charts]'`."
VERSION = "6.4"  # of Vega-Lite, as vendored for the page
PNG_SCALE = 2.0


def available() -> bool:
    return find_spec("vl_convert") is not None


def svg(spec: Spec) -> str:
    return _svg(json.dumps(spec))


def png(spec: Spec) -> bytes:
    """Return the picture at twice its size in pixels, for screens that are as sharp."""
    return _png(json.dumps(spec))


# Imported when first needed: it brings a JavaScript engine and takes a second. A drawing is a
# pure function of its definition, and takes some 60 ms.


@lru_cache(maxsize=128)
def _svg(spec: str) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(spec, vl_version=VERSION, allowed_base_urls=[])


@lru_cache(maxsize=64)
def _png(spec: str) -> bytes:
    import vl_convert

    return vl_convert.vegalite_to_png(
        spec, vl_version=VERSION, scale=PNG_SCALE, allowed_base_urls=[]
    )

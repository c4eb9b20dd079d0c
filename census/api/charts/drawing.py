"""Definitions drawn as SVG and PNG, by vl-convert: an extra that may not be installed."""

import json
from importlib.util import find_spec

from census.api.charts.style import Spec

HINT = "Pictures need the extra `charts`: `pip install 'adultapi[charts]'`."
VERSION = "6.4"  # of Vega-Lite, as vendored for the page
PNG_SCALE = 2.0


def available() -> bool:
    return find_spec("vl_convert") is not None


# Imported when first needed: it brings a JavaScript engine and takes a second. Nothing is kept
# here: finished answers are, and those by their size.


def svg(spec: Spec) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VERSION, allowed_base_urls=[])


def png(spec: Spec) -> bytes:
    """Return the picture at twice its size in pixels, for screens that are as sharp."""
    import vl_convert

    return vl_convert.vegalite_to_png(
        json.dumps(spec), vl_version=VERSION, scale=PNG_SCALE, allowed_base_urls=[]
    )

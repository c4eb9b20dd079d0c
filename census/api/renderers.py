"""The representations of an answer."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

from census.api import charts
from census.api.charts import drawing
from census.api.tables import Table

MAX_CHARACTERS = 200_000  # of an answer on a page, where the URLs in it become links

Context = Mapping[str, Any]


class JSONRenderer(renderers.JSONRenderer):
    """JSON in UTF-8; its media type has no charset."""

    charset = None


class TableRenderer(renderers.BaseRenderer):
    """A flat table, which the view makes from its answer."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Context | None = None,
    ) -> bytes:
        return self.text((renderer_context or {})["view"].table(data)).encode()

    def text(self, table: Table) -> str:
        raise NotImplementedError


class CSVRenderer(TableRenderer):
    """CSV (RFC 4180) with a header; an empty cell is a missing value.

    It begins with a byte order mark if it is not ASCII, because Excel reads UTF-8 only so.
    """

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def text(self, table: Table) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(table.header)
        writer.writerows([self._cell(value) for value in row] for row in table.rows)
        table_text = text.getvalue()
        return table_text if table_text.isascii() else f"\ufeff{table_text}"

    def _cell(self, value: Any) -> Any:
        """Returns the value of a cell; booleans are written as in JSON."""
        return json.dumps(value) if isinstance(value, bool) else value


class NDJSONRenderer(TableRenderer):
    """Newline-delimited JSON: an object on each line, all with the same names."""

    media_type = "application/x-ndjson"
    format = "ndjson"
    charset = None

    encoder = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def text(self, table: Table) -> str:
        objects = (dict(zip(table.header, row, strict=True)) for row in table.rows)
        return "".join(f"{self.encoder.encode(item)}\n" for item in objects)


class ChartRenderer(renderers.BaseRenderer):
    """A chart, which the view makes from its answer."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Context | None = None,
    ) -> bytes:
        return self.draw((renderer_context or {})["view"].chart(data))

    def draw(self, spec: charts.Spec) -> bytes:
        raise NotImplementedError


class VegaLiteRenderer(ChartRenderer):
    """The Vega-Lite definition of the chart with its data, for Altair and vega-embed."""

    media_type = "application/vnd.vegalite.v6+json"
    format = "vega"
    charset = None

    def draw(self, spec: charts.Spec) -> bytes:
        return json.dumps(spec, ensure_ascii=False, allow_nan=False).encode()


class DrawingRenderer(ChartRenderer):
    """A drawn chart. The library that draws it is optional."""

    charset = None

    @staticmethod
    def unavailable() -> str | None:
        """Returns what is missing and how to install it; None if charts can be drawn."""
        return None if drawing.available() else drawing.HINT


class SVGRenderer(DrawingRenderer):
    media_type = "image/svg+xml"
    format = "svg"

    def draw(self, spec: charts.Spec) -> bytes:
        return drawing.svg(spec).encode()


class PNGRenderer(DrawingRenderer):
    media_type = "image/png"
    format = "png"
    render_style = "binary"

    def draw(self, spec: charts.Spec) -> bytes:
        return drawing.png(spec)


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """DRF's browsable page with the templates of `census.pages`."""

    def get_default_renderer(self, view: Any) -> renderers.BaseRenderer:  # noqa: ARG002
        return JSONRenderer()

    def get_filter_form(self, data: Any, view: Any, request: Any) -> None:
        """Returns no filter dialog, as the form is on the page."""

    def get_content(
        self, renderer: Any, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> str:
        renderer_context["indent"] = 4
        text = str(super().get_content(renderer, data, accepted_media_type, renderer_context))
        if len(text) <= MAX_CHARACTERS:
            return text
        beginning = text[: text.rindex("\n", 0, MAX_CHARACTERS)]
        return (
            f"{beginning}\n\n… A page shows the first {MAX_CHARACTERS:,} characters of an answer; "
            f"this one has {len(text):,}. Download the whole answer with format=json."
        )

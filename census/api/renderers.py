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

MOST_SHOWN = 200_000  # characters of an answer on a page; a browser makes links of all of it

Context = Mapping[str, Any]


class JSONRenderer(renderers.JSONRenderer):
    """JSON in UTF-8, which needs no charset."""

    charset = None


class TableRenderer(renderers.BaseRenderer):
    """An answer as the flat table that its view makes of it."""

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
    """RFC 4180 with a header line; an empty cell is a missing value.

    A byte order mark is there where a letter is beyond ASCII: Excel reads UTF-8 by it alone.
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
        """Returns a value as CSV has it: JSON's words for truth."""
        return json.dumps(value) if isinstance(value, bool) else value


class NDJSONRenderer(TableRenderer):
    """Newline-delimited JSON: an object a line, of the same names whatever its values."""

    media_type = "application/x-ndjson"
    format = "ndjson"
    charset = None

    encoder = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def text(self, table: Table) -> str:
        objects = (dict(zip(table.header, row, strict=True)) for row in table.rows)
        return "".join(f"{self.encoder.encode(item)}\n" for item in objects)


class ChartRenderer(renderers.BaseRenderer):
    """An answer as the picture that its view makes of it."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Context | None = None,
    ) -> bytes:
        return self.drawn((renderer_context or {})["view"].chart(data))

    def drawn(self, spec: charts.Spec) -> bytes:
        raise NotImplementedError


class VegaLiteRenderer(ChartRenderer):
    """The definition of the picture, its data inline, as Altair and vega-embed read it."""

    media_type = "application/vnd.vegalite.v6+json"
    format = "vega"
    charset = None

    def drawn(self, spec: charts.Spec) -> bytes:
        return json.dumps(spec, ensure_ascii=False, allow_nan=False).encode()


class DrawingRenderer(ChartRenderer):
    """The picture drawn, by what may not be installed."""

    charset = None

    @staticmethod
    def unavailable() -> str | None:
        """Returns why nothing can be drawn, and what would help."""
        return None if drawing.available() else drawing.HINT


class SVGRenderer(DrawingRenderer):
    media_type = "image/svg+xml"
    format = "svg"

    def drawn(self, spec: charts.Spec) -> bytes:
        return drawing.svg(spec).encode()


class PNGRenderer(DrawingRenderer):
    media_type = "image/png"
    format = "png"
    render_style = "binary"

    def drawn(self, spec: charts.Spec) -> bytes:
        return drawing.png(spec)


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """DRF's browsable page; its templates, in `census.pages`, show the answer to people."""

    def get_default_renderer(self, view: Any) -> renderers.BaseRenderer:  # noqa: ARG002
        return JSONRenderer()

    def get_filter_form(self, data: Any, view: Any, request: Any) -> None:
        """Shows no dialog of filters: the form stands on the page."""

    def get_content(
        self, renderer: Any, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> str:
        renderer_context["indent"] = 4
        text = str(super().get_content(renderer, data, accepted_media_type, renderer_context))
        if len(text) <= MOST_SHOWN:
            return text
        shown = text[: text.rindex("\n", 0, MOST_SHOWN)]
        return (
            f"{shown}\n\n… These are the first {MOST_SHOWN:,} of {len(text):,} characters, as many "
            "as a page shows. Take the whole answer by format=json."
        )

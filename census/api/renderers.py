"""The representations of an answer."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from rest_framework import renderers
from rest_framework.exceptions import APIException

Context = Mapping[str, Any]


class JSONRenderer(renderers.JSONRenderer):
    """JSON in UTF-8, which needs no charset; indented for a person by `Accept: …; indent=2`."""

    charset = None


class CSVRenderer(renderers.BaseRenderer):
    """RFC 4180 with a header line; an empty cell is a missing value."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Context | None = None,
    ) -> str:
        table = (renderer_context or {})["view"].table(data)
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([table.header, *table.rows])
        return text.getvalue()


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """DRF's browsable page, with a form of the parameters that the route takes."""

    def get_default_renderer(self, view: Any) -> renderers.BaseRenderer:  # noqa: ARG002
        return JSONRenderer()

    def get_filter_form(self, data: Any, view: Any, request: Any) -> None:
        """Show no dialog of filters: the form stands on the page."""

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> dict[str, Any]:
        context = super().get_context(data, accepted_media_type, renderer_context)
        return context | {"parameters_form": self._form(context["view"], context["request"])}

    def _form(self, view: Any, request: Any) -> str:
        try:
            groups = view.form_groups()
        except APIException:  # the path names what there is not: it has no parameters
            groups = []
        if not groups:
            return ""
        return render_to_string("census/parameters.html", {"groups": groups, "path": request.path})

    def get_content(
        self, renderer: Any, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> str:
        renderer_context["indent"] = 4
        return str(super().get_content(renderer, data, accepted_media_type, renderer_context))

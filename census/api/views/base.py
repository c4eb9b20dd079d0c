"""What the routes share: parameters → selection → metric → representation."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.urls import reverse
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ViewSet

from census.api import charts, parameters, tables
from census.api.renderers import (
    BrowsableAPIRenderer,
    CSVRenderer,
    JSONRenderer,
    NDJSONRenderer,
    PNGRenderer,
    SVGRenderer,
    VegaLiteRenderer,
)
from census.columns import Column
from census.statistics.computation import Query, answer
from census.statistics.parameters import Parameter
from census.statistics.selection import Selection, column_choice

TABULAR = (JSONRenderer, BrowsableAPIRenderer, CSVRenderer, NDJSONRenderer)
DRAWABLE = (*TABULAR, VegaLiteRenderer, SVGRenderer, PNGRenderer)


class CensusViewSet(ViewSet):
    """What the routes share.

    OpenAPI's operation has the class's name and docstring, `summary`, and `tag`;
    `serializer_class` describes the answer, which is a document of its own where there is none.
    `table` gives the answer as CSV and NDJSON have it, `chart` the definition of its picture.
    """

    summary = ""
    tag = "about"
    serializer_class: type[BaseSerializer[Any]] | None = None
    path_parameters: Sequence[Parameter] = ()
    described = True  # in OpenAPI
    absolute = False  # whether its answers have URLs that name the host

    def get_parameters(self) -> Sequence[Parameter]:
        """Returns the query parameters that the action takes."""
        return ()

    def described_parameters(self) -> Sequence[Parameter]:
        """Returns the query parameters as OpenAPI has them: whatever the parts of the path are."""
        return self.get_parameters()

    def get_serializer_class(self) -> type[BaseSerializer[Any]] | None:
        """Returns the serializer that describes the answer."""
        return self.serializer_class

    def values(self) -> dict[str, Any]:
        """Returns the values of the query's parameters; raises `BadRequest`."""
        return parameters.judge(
            self.request.query_params, self.get_parameters(), blanks=self.from_form
        )

    def canonical_query(self) -> str:
        """Returns the canonical spelling of the query; raises `BadRequest`."""
        return parameters.canonical_query(
            self.request.query_params, self.get_parameters(), blanks=self.from_form
        )

    @property
    def from_form(self) -> bool:
        """Whether the query may come from the form of a browsable page."""
        renderer = getattr(self.request, "accepted_renderer", None)
        return renderer is not None and renderer.format == "api"

    def finalize_response(self, *of_request: Any, **names: Any) -> Any:
        """Keeps the media type of an answer without a byte, such as NDJSON of no groups."""
        response = super().finalize_response(*of_request, **names)
        if isinstance(response, Response):
            response.add_post_render_callback(_tell_media_type)
        return response

    def table(self, data: Any) -> tables.Table:
        raise NotImplementedError

    def chart(self, data: Any) -> charts.Spec:
        raise NotImplementedError


def _tell_media_type(response: Any) -> None:
    response.headers.setdefault("Content-Type", response.accepted_media_type)


@lru_cache(256)
def address(name: str, *arguments: str) -> str:
    return reverse(name, args=arguments)


def example(name: str, column: str, query: str) -> str:
    return f"{address(name, column)}?{query}"


def column_in_path(
    columns: Iterable[Column], title: str, name: str = "column", example: str | None = None
) -> Parameter:
    description = "Name of a column; UCI's spelling (`hours-per-week`) is taken too."
    named = column_choice(columns, "a column", title)
    return Parameter(name, named, description, example=example)


class AnswerViewSet(CensusViewSet):
    """A result computed from a selection of rows; what every such answer holds."""

    renderer_classes: Sequence[type[BaseRenderer]] = TABULAR
    tag = "tables"
    query: Query

    def respond(self, query: Query, selection: Selection, **names: Any) -> Response:
        """Returns the answer to `query`, after its description and before its links."""
        self.query = query
        result = answer(query)
        return Response(
            {
                **names,
                "dataset": result.pop("dataset"),
                "filters": selection.described(),
                "weight": selection.weight.name if selection.weight else None,
                **result,
                "links": self.links(),
            }
        )

    def links(self) -> dict[str, str]:
        """Returns the path and query of this answer, of its other formats, and of more to read."""
        path = self.request.path.removesuffix(f".{self.format_kwarg}")
        query = self.canonical_query()
        query = f"?{query}" if query else ""
        pictures = {"svg": f"{path}.svg{query}"} if self.renderer_classes is DRAWABLE else {}
        return {
            "self": f"{path}{query}",
            "csv": f"{path}.csv{query}",
            **pictures,
            "caveats": address("dataset"),
        }

"""The base classes of the views: parameters → selection → metric → representation."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
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
from census.models import Dataset, Loaded
from census.statistics.computation import Query
from census.statistics.parameters import Parameter
from census.statistics.selection import Selection, column_choice

TABULAR = (JSONRenderer, BrowsableAPIRenderer, CSVRenderer, NDJSONRenderer)
DRAWABLE = (*TABULAR, VegaLiteRenderer, SVGRenderer, PNGRenderer)


class CensusViewSet(ViewSet):
    """The base class of all views of the API.

    The operation in OpenAPI has the name and docstring of the class, `summary` and `tag`.
    `serializer_class` describes the answer; without it the answer is a document in another
    standard. `table` returns the answer for CSV and NDJSON, `chart` the definition of its chart.
    """

    summary = ""
    tag = "about"
    serializer_class: type[BaseSerializer[Any]] | None = None
    path_parameters: Sequence[Parameter] = ()
    in_openapi = True
    absolute = False  # whether its answers contain absolute URLs
    crosses = False  # whether its answers have groups by the columns in the path

    @classmethod
    def of_path(cls, parts: Mapping[str, str]) -> "type[CensusViewSet]":  # noqa: ARG003
        """Returns the view of a path with these parts."""
        return cls

    def get_parameters(self) -> Sequence[Parameter]:
        """Returns the query parameters of the request's route."""
        return ()

    def openapi_parameters(self) -> Sequence[Parameter]:
        """Returns the query parameters for OpenAPI, which do not depend on the request's path."""
        return self.get_parameters()

    def get_view_name(self) -> str:
        """Returns the title of the page, where the answer gives it none."""
        return self.summary

    def get_serializer_class(self) -> type[BaseSerializer[Any]] | None:
        """Returns the serializer that describes the answer."""
        return self.serializer_class

    def values(self) -> dict[str, Any]:
        """Returns the values of the query's parameters; raises `BadRequest`."""
        return parameters.validate(
            self.request.query_params, self.get_parameters(), blanks=self.from_form
        )

    def canonical_query(self) -> str:
        """Returns the canonical spelling of the query; raises `BadRequest`."""
        return parameters.canonical_query(
            self.request.query_params, self.get_parameters(), blanks=self.from_form
        )

    @property
    def from_form(self) -> bool:
        """Whether the query can come from the form of a browsable page."""
        renderer = getattr(self.request, "accepted_renderer", None)
        return renderer is not None and renderer.format == "api"

    @cached_property
    def loaded(self) -> Loaded:
        """The dataset that the transaction of this answer sees. Raises `DatasetMissing`."""
        return Dataset.objects.current()

    def finalize_response(self, *arguments: Any, **options: Any) -> Any:
        """Sets `loaded` of the response, None if the answer did not look at it.

        Sets the media type also of an empty body, such as NDJSON without groups.
        """
        response: Any = super().finalize_response(*arguments, **options)
        response.loaded = vars(self).get("loaded")
        if isinstance(response, Response):
            response.add_post_render_callback(_set_media_type)
        return response

    def table(self, data: Any) -> tables.Table:
        raise NotImplementedError

    def chart(self, data: Any) -> charts.Spec:
        raise NotImplementedError


def _set_media_type(response: Any) -> None:
    response.headers.setdefault("Content-Type", response.accepted_media_type)


@lru_cache(256)
def address(name: str, *arguments: str) -> str:
    return reverse(name, args=arguments)


def example(name: str, column: str, query: str) -> str:
    return f"{address(name, column)}?{query}"


def column_in_path(
    columns: Iterable[Column], title: str, name: str = "column", example: str | None = None
) -> Parameter:
    """Returns the parameter of a path for one of `columns`; `title` names their list."""
    description = "Name of a column, also in UCI's spelling (`hours-per-week`)."
    type_ = column_choice(columns, "a column", title)
    return Parameter(name, type_, description, example=example)


class AnswerViewSet(CensusViewSet):
    """The base class of views whose answer is computed from a selection of rows."""

    renderer_classes: Sequence[type[BaseRenderer]] = TABULAR
    tag = "tables"
    query: Query

    def respond(self, query: Query, selection: Selection, **names: Any) -> Response:
        """Returns the response to `query`: `names`, the description, the answer and its links."""
        self.query = query
        return Response(
            {
                **names,
                "dataset": self.loaded.version,
                "filters": selection.described(),
                "weight": selection.weight.name if selection.weight else None,
                "method": query.method,
                **query.compute(),
                "links": self.links(),
            }
        )

    def links(self) -> dict[str, str]:
        """Returns the paths of this answer, of its other formats, and of related documents."""
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


class GroupsViewSet(AnswerViewSet):
    """The base class of views that compare groups. The table has a row for each group."""

    renderer_classes = DRAWABLE
    query: Any  # a query with `selection` and `fields`

    def table(self, data: Any) -> tables.Table:
        return tables.of_groups(data, self.query.selection.keys(), self.query.fields())

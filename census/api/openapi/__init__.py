"""What OpenAPI says of the routes, read from the views.

A view declares `summary`, `tag`, `serializer_class`, `path_parameters` and `get_parameters`; its
class's name and docstring are the operation's. Nothing is written out a second time.
"""

import re
from typing import Any

from drf_spectacular import openapi
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from census.api.serializers.problems import ProblemSerializer
from census.statistics.parameters import Parameter, Refused

PROBLEM = "application/problem+json"
ERRORS = {
    400: "A parameter cannot be taken: `errors` names each, and what is allowed.",
    404: "There is no such metric, column or record: `errors` names those there are.",
    406: "There is no such representation here: `detail` lists those there are.",
    414: "The URL is longer than 8,190 bytes.",
    429: "Too many requests of one client: see `Retry-After`.",
    503: "The database is away, holds no dataset, or took too long: see `Retry-After`.",
}
DOCUMENT: dict[str, Any] = {"type": "object", "additionalProperties": True}


class AutoSchema(openapi.AutoSchema):
    """Describes a `CensusViewSet`.

    The representation described is the one that the plain address has, JSON: clients know the
    type of the data. The description names the suffixes of the others.
    """

    view: Any

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002
        return False  # the lists of this API are members of objects

    def is_excluded(self) -> bool:
        return not self.view.described

    def get_operation_id(self) -> str:
        name = type(self.view).__name__.removesuffix("ViewSet")
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()

    def get_summary(self) -> str:
        return str(self.view.summary)

    def get_description(self) -> str:  # type: ignore[override]  # so does drf-spectacular
        others = [renderer.format for renderer in self._renderers()[1:]]
        if not others:
            return super().get_description()
        suffixes = ", ".join(f"`.{name}`" for name in others)
        return f"{super().get_description()}\n\nOther formats, by a suffix of the path: {suffixes}."

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_auth(self) -> list[dict[str, Any]]:
        return []

    def _get_format_parameters(self) -> list[dict[str, Any]]:
        return []  # another format is no answer that this operation describes

    def get_override_parameters(self) -> list[Any]:
        in_path = [_in_path(parameter) for parameter in self.view.path_parameters]
        return in_path + [
            _in_query(parameter)
            for parameter in self.view.described_parameters()
            if not isinstance(parameter.type, Refused)
        ]

    def get_response_serializers(self) -> Any:
        answer = self.view.get_serializer_class() or DOCUMENT
        media_type = self._renderers()[0].media_type
        found: dict[Any, Any] = {(200, media_type): OpenApiResponse(answer, "The answer.")}
        for status, description in ERRORS.items():
            if status != 404 or self.view.path_parameters:
                found[status, PROBLEM] = OpenApiResponse(ProblemSerializer, description)
        return found

    def _renderers(self) -> list[Any]:
        """Returns the renderers for programs."""
        return [renderer for renderer in self.view.renderer_classes if renderer.format != "api"]


def _in_path(parameter: Parameter) -> OpenApiParameter:
    return _described(parameter, OpenApiParameter.PATH)


def _in_query(parameter: Parameter) -> OpenApiParameter:
    described = _described(parameter, OpenApiParameter.QUERY)
    if parameter.type.is_list:
        described.style, described.explode = "form", False
    return described


def _described(parameter: Parameter, location: Any) -> OpenApiParameter:
    """Returns a parameter as drf-spectacular takes it.

    An optional one has no example: a page on which one tries the API would send it.
    """
    needed = parameter.required or location == OpenApiParameter.PATH
    example = parameter.example if needed else None
    return OpenApiParameter(
        parameter.name,
        parameter.schema(),
        location,
        required=needed,
        description=parameter.description,
        examples=[OpenApiExample(example, parameter.type.read(example))] if example else [],
    )

"""The OpenAPI description of the routes, read from the views.

A view declares `summary`, `tag`, `serializer_class`, `path_parameters` and `get_parameters`. The
operation has the name and the docstring of the view's class.
"""

import re
from typing import Any

from drf_spectacular import openapi
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from census.api.serializers.problems import ProblemSerializer
from census.statistics.parameters import Parameter, Refused

PROBLEM = "application/problem+json"
ERRORS = {
    400: "A parameter is invalid: `errors` has each of them with the allowed values.",
    404: "The metric, column or record does not exist: `errors` lists those that exist.",
    406: "The representation does not exist: `detail` lists those that exist.",
    414: "The URL is longer than 8,190 bytes.",
    429: "One client sent too many requests: see `Retry-After`.",
    503: "The database is down, has no dataset, or took too long: see `Retry-After`.",
}
DOCUMENT: dict[str, Any] = {"type": "object", "additionalProperties": True}


class AutoSchema(openapi.AutoSchema):
    """The description of a `CensusViewSet`.

    It has the JSON representation alone, so that clients know the type of the answer. The text
    lists the suffixes of the other formats.
    """

    view: Any

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002
        return False  # the lists of this API are members of objects

    def is_excluded(self) -> bool:
        return not self.view.in_openapi

    def get_operation_id(self) -> str:
        name = type(self.view).__name__.removesuffix("ViewSet")
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()

    def get_summary(self) -> str:
        return str(self.view.summary)

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular does the same
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
        return []  # the operation describes one format

    def get_override_parameters(self) -> list[Any]:
        in_path = [_in_path(parameter) for parameter in self.view.path_parameters]
        return in_path + [
            _in_query(parameter)
            for parameter in self.view.openapi_parameters()
            if not isinstance(parameter.type, Refused)
        ]

    def get_response_serializers(self) -> Any:
        answer = self.view.get_serializer_class() or DOCUMENT
        media_type = self._renderers()[0].media_type
        responses: dict[Any, Any] = {(200, media_type): OpenApiResponse(answer, "The answer.")}
        for status, description in ERRORS.items():
            if status != 404 or self.view.path_parameters:
                responses[status, PROBLEM] = OpenApiResponse(ProblemSerializer, description)
        return responses

    def _renderers(self) -> list[Any]:
        """Returns the renderers other than the browsable page."""
        return [renderer for renderer in self.view.renderer_classes if renderer.format != "api"]


def _in_path(parameter: Parameter) -> OpenApiParameter:
    return _described(parameter, OpenApiParameter.PATH)


def _in_query(parameter: Parameter) -> OpenApiParameter:
    described = _described(parameter, OpenApiParameter.QUERY)
    if parameter.type.is_list:
        described.style, described.explode = "form", False
    return described


def _described(parameter: Parameter, location: Any) -> OpenApiParameter:
    """Returns a parameter for drf-spectacular.

    An optional parameter has no example, because Swagger UI would send the example.
    """
    required = parameter.required or location == OpenApiParameter.PATH
    example = parameter.example if required else None
    return OpenApiParameter(
        parameter.name,
        parameter.schema(),
        location,
        required=required,
        description=parameter.description,
        examples=[OpenApiExample(example, parameter.type.read(example))] if example else [],
    )

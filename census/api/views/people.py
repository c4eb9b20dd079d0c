"""The routes of the records: pages, single records, and files of any selection."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import FileResponse
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from census.api import exports, parquet, questions, tables
from census.api.serializers.records import PeopleSerializer, PersonSerializer
from census.api.views.base import TABULAR, CensusViewSet
from census.statistics import records
from census.statistics.parameters import Integer, Parameter
from census.statistics.records import CURSOR, FIELDS, ORDERING, PAGE_SIZE, Cursor

PAGING = (PAGE_SIZE, CURSOR)


class ParquetRenderer(BaseRenderer):
    """The media type and suffix of Parquet. The view itself makes the file."""

    media_type = "application/vnd.apache.parquet"
    format = "parquet"
    charset = None


class PeopleViewSet(CensusViewSet):
    """The records of the selected people: page by page, or all in one file.

    JSON has pages. CSV, NDJSON and Parquet are one file with all selected records, and refuse
    `page_size` and `cursor`. The CSV of all records has the `sha256` of `/v1/dataset`.
    """

    renderer_classes = (*TABULAR, ParquetRenderer)
    summary = "People"
    tag = "records"
    serializer_class = PeopleSerializer
    absolute = True  # the links from page to page

    def get_parameters(self) -> Sequence[Parameter]:
        paging: tuple[Parameter, ...] = PAGING
        if self._is_file:
            reason = "A file has no pages: it contains all selected records."
            paging = tuple(parameter.refused(reason) for parameter in paging)
        return (FIELDS, ORDERING, *paging, *questions.FILTERING)

    def openapi_parameters(self) -> Sequence[Parameter]:
        return (FIELDS, ORDERING, *PAGING, *questions.FILTERING)

    @property
    def _is_file(self) -> bool:
        return self._format in exports.FORMATS

    @property
    def _format(self) -> str:
        return self.request.accepted_renderer.format or ""

    def list(self, _request: Request, **_kwargs: Any) -> Response | FileResponse:
        if self._format == "parquet" and not parquet.available():
            raise NotAcceptable(
                "This service is installed without Parquet: request csv or ndjson, or install the "
                "extra `parquet` (`pip install 'adultapi[parquet]'`)."
            )
        page = questions.page(self.values())
        return self._file(page) if self._is_file else self._page(page)

    def _page(self, page: records.Page) -> Response:
        answer = {"dataset": self.loaded.version, **page.answer()}
        urls = {rel: self._url(answer[rel]) for rel in ("next", "previous") if answer[rel]}
        relations = {"first": self._url(None), **urls}
        link = ", ".join(
            f'<{url}>; rel="{rel.removesuffix("ious")}"' for rel, url in relations.items()
        )
        links = {rel: urls.get(rel) for rel in ("next", "previous")}
        return Response({**answer, **links}, headers={"Link": link})

    def _url(self, cursor: Cursor | None) -> str:
        """Returns the address of another page: that of this one with another cursor."""
        pairs = [
            (name, text) for name, text in parse_qsl(self.canonical_query()) if name != CURSOR.name
        ]
        if cursor:
            pairs.append((CURSOR.name, str(cursor)))
        path = self.request.path
        return self.request.build_absolute_uri(
            f"{path}?{urlencode(pairs, safe=',')}" if pairs else path
        )

    def _file(self, page: records.Page) -> FileResponse:
        version = self.loaded.version
        file = exports.export(page.everything(), page.fields, self._format, version)
        renderer = self.request.accepted_renderer
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        return FileResponse(
            file,
            as_attachment=True,
            filename=f"adult-{version}.{self._format}",
            content_type=f"{renderer.media_type}{charset}",
        )


class PersonViewSet(CensusViewSet):
    """One record. Its id is its line in adult.data; the lines of adult.test follow."""

    renderer_classes = TABULAR
    summary = "Person"
    tag = "records"
    serializer_class = PersonSerializer
    path_parameters = (
        Parameter(
            "id", Integer(1), "1 is the first line of adult.data; adult.test follows.", example="1"
        ),
    )

    def get_parameters(self) -> Sequence[Parameter]:
        return (FIELDS,)

    def retrieve(self, _request: Request, id: str, **_kwargs: Any) -> Response:  # noqa: A002
        person = questions.person(id, self.values())
        return Response({"dataset": self.loaded.version, **person})

    def table(self, data: Mapping[str, Any]) -> tables.Table:
        return tables.of_records([data], [name for name in data if name != "dataset"])

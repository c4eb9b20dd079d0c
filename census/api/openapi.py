"""How drf-spectacular reads the views."""

from typing import Any

from drf_spectacular import openapi


class AutoSchema(openapi.AutoSchema):
    """Takes each answer for the one object it is: the lists of this API are members of objects."""

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002
        return False

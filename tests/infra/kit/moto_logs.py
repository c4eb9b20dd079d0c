"""Saved queries of CloudWatch's logs, and the start of sessions: moto has neither."""

import json
import uuid
from typing import Any

from moto.logs.responses import LogsResponse
from moto.ssm.responses import SimpleSystemManagerResponse

# --- Saved queries ----------------------------------------------------------------------------

QUERIES: dict[str, dict[str, Any]] = {}


def put_query_definition(response: LogsResponse) -> str:
    name = response._get_param("queryDefinitionId") or str(uuid.uuid4())
    QUERIES[name] = {"queryDefinitionId": name} | {
        key: response._get_param(key) for key in ("name", "queryString", "logGroupNames")
    }
    return json.dumps({"queryDefinitionId": name})


def describe_query_definitions(response: LogsResponse) -> str:
    prefix = response._get_param("queryDefinitionNamePrefix") or ""
    return json.dumps(
        {"queryDefinitions": [q for q in QUERIES.values() if q["name"].startswith(prefix)]}
    )


def delete_query_definition(response: LogsResponse) -> str:
    return json.dumps({"success": bool(QUERIES.pop(response._get_param("queryDefinitionId")))})


LogsResponse.put_query_definition = put_query_definition
LogsResponse.describe_query_definitions = describe_query_definitions
LogsResponse.delete_query_definition = delete_query_definition


# --- Sessions ---------------------------------------------------------------------------------


def start_session(response: SimpleSystemManagerResponse) -> str:
    """moto starts no session; what holds it, stubs/session-manager-plugin is told of."""
    session = f"session-{response._get_param('Target')}"
    return json.dumps({"SessionId": session, "TokenValue": "none", "StreamUrl": "none"})


SimpleSystemManagerResponse.start_session = start_session

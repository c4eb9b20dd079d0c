"""Internal errors: the answer to the client and the log."""

import json
import logging

import pytest
from django.test import RequestFactory

from adultapi import problems


def test_an_internal_error_is_logged_and_its_cause_is_not_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    request = RequestFactory().get("/v1/fields?a=1", REQUEST_ID="mine")
    with caplog.at_level(logging.ERROR):
        try:
            int("a secret cause")
        except ValueError:
            answer = problems.handler500(request)
    (record,) = caplog.records
    assert record.exc_info
    assert "a secret cause" in caplog.text
    assert vars(record)["url"] == "/v1/fields?a=1"
    assert vars(record)["request_id"] == "mine"
    assert answer.status_code == 500
    assert "secret" not in json.dumps(json.loads(answer.content))

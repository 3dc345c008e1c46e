"""`REDACTED` in a recording equals what stands in its place live, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.matching.stand_ins import as_recorded


def request(body: Any = None, url: str = "https://h/p", kind: str = "application/json", **headers: str) -> Request:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    named = {name: [value] for name, value in headers.items()}
    return Request(method="POST", url=url, body=raw, headers={"Content-Type": [kind], **named})


@pytest.mark.parametrize(
    ("recorded", "sent", "shown"),
    [
        ({"a": "REDACTED"}, {"a": "x"}, {"a": "REDACTED"}),
        ({"a": [1, {"b": "I am REDACTED."}]}, {"a": [1, {"b": "I am Joe."}]}, {"a": [1, {"b": "I am REDACTED."}]}),
        ({"a": "REDACTED"}, {"c": 1, "a": "x"}, {"c": 1, "a": "REDACTED"}),
        ({"a": "x REDACTED y REDACTED z"}, {"a": "x 1 y 2 y 3 z"}, {"a": "x REDACTED y REDACTED z"}),
        ({"a": "REDACTED, é"}, {"a": "x, é"}, {"a": "REDACTED, é"}),
        # What stands between two secrets is also before the first, and behind the last.
        ({"a": "v-REDACTED-REDACTED-"}, {"a": "v-x-y-"}, {"a": "v-REDACTED-REDACTED-"}),
    ],
)
def test_json(recorded: Any, sent: Any, shown: Any) -> None:
    found = as_recorded(request(sent), request(recorded))
    assert found is not None
    assert json.loads(found.body) == shown


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [
        ({"a": "REDACTED"}, {"a": ""}),
        ({"a": "REDACTED"}, {"a": 5}),
        ({"a": "REDACTED"}, {"b": "x"}),
        ({"a": "I am REDACTED."}, {"a": "I am ."}),
        ({"a": "I am REDACTED."}, {"a": "You are x."}),
        ({"a": "REDACTED-REDACTED"}, {"a": "-x"}),
        ({"a": "x"}, {"a": "y"}),
        ({"a": "REDACTED"}, b"no json"),
    ],
)
def test_what_is_not_in_its_place(recorded: Any, sent: Any) -> None:
    assert as_recorded(request(sent), request(recorded)) is None


@pytest.mark.parametrize(
    ("recorded", "sent", "shown"),
    [
        ("https://h/s/REDACTED/open", "https://h/s/abc/open", "https://h/s/REDACTED/open"),
        ("https://h/p?a=1&s=REDACTED", "https://h/p?s=abc&a=1", "https://h/p?s=REDACTED&a=1"),
        ("https://h/p?s=REDACTED&s=2", "https://h/p?s=abc&s=2", "https://h/p?s=REDACTED&s=2"),
        ("https://REDACTED@h/s/REDACTED", "https://h/s/abc", "https://h/s/REDACTED"),
    ],
)
def test_urls(recorded: str, sent: str, shown: str) -> None:
    found = as_recorded(request(url=sent), request(url=recorded))
    assert found is not None
    assert found.url == shown


def test_forms_parts_and_text() -> None:
    form = "application/x-www-form-urlencoded"
    found = as_recorded(request(b"b=2&a=xyz", kind=form), request(b"a=REDACTED&b=2", kind=form))
    assert found is not None
    assert found.body == b"b=2&a=REDACTED"
    found = as_recorded(request(b"open abc now", kind="text/plain"), request(b"open REDACTED now", kind="text/plain"))
    assert found is not None
    assert found.body == b"open REDACTED now"
    part = b'--%b\r\nContent-Disposition: form-data; name="a"\r\n\r\n%b\r\n--%b--\r\n'
    live = request(part % (b"two", b'{"s": "abc"}', b"two"), kind="multipart/form-data; boundary=two")
    found = as_recorded(live, request(part % (b"one", b'{"s": "REDACTED"}', b"one"), kind="multipart/form-data"))
    assert found is not None
    assert found.body == part % (b"two", b'{"s": "REDACTED"}', b"two")


def test_headers() -> None:
    found = as_recorded(request(**{"X-Tenant": "t-abc", "X-B": "b"}), request(**{"X-Tenant": "t-REDACTED", "X-B": "c"}))
    assert found is not None
    assert found.headers == {"Content-Type": ["application/json"], "X-Tenant": ["t-REDACTED"], "X-B": ["b"]}

"""Which recording a drifted request takes, and the paths of `ignore_json` that make it answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching.mismatch.drift import drifted_from, needed, paths_between

STRICT = CassetteConfig()


def request(body: Any, url: str = "https://api.example/v1/chat") -> Request:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method="POST", url=url, body=content, headers={"Content-Type": ["application/json"]})


@pytest.mark.parametrize(
    ("recorded", "sent", "paths"),
    [
        ({"a": 1, "max_tokens": 5}, {"a": 1, "max_tokens": 6}, ["max_tokens"]),
        ({"a": 1}, {"a": 1, "store": False, "b.c": 1}, ["store", '["b.c"]']),
        ({"m": [{"id": 1, "t": "x"}]}, {"m": [{"id": 2, "t": "x"}]}, ["m[0].id"]),
        # Ignoring an item in the middle would set the rest against each other.
        ({"m": ["a", "c"], "n": 1}, {"m": ["a", "b", "c"], "n": 2}, ["m", "n"]),
        ({"m": ["a"]}, {"m": ["a", "b"]}, ["m[1]"]),
        ({"o": {"l": [1, 2, 3], "k": 1}}, {"o": {"l": [3], "k": 2}}, ["o.l", "o.k"]),
        ({"a": 1}, [1], []),
        ({"a": 1}, b"", []),
        (b"text", b"other", []),
    ],
)
def test_paths_are_as_narrow_as_can_be(recorded: Any, sent: Any, paths: list[str]) -> None:
    found = paths_between(request(sent), request(recorded), STRICT)
    assert sorted(found) == sorted(paths)


def test_the_nearest_that_differs_in_json_alone() -> None:
    sent = request({"model": "m", "text": "how are you today", "n": 1})
    waiting = [
        request({"model": "m", "text": "how are you today", "n": 2}, url="https://other.example/v1/chat"),
        request({"model": "m", "text": "something else", "n": 1}),
        request({"model": "m", "text": "how are you", "n": 1}),
        request(b"how are you today"),
    ]
    assert drifted_from(sent, waiting, STRICT) == 2
    assert drifted_from(sent, [waiting[0], waiting[3]], STRICT) is None
    assert drifted_from(sent, waiting, CassetteConfig(match_on=("method", "url"))) is None
    assert drifted_from(sent, waiting[:1], CassetteConfig(match_on=("method", "path", "body"))) == 0


def test_paths_that_no_longer_differ_are_not_needed() -> None:
    pairs = [(request({"a": 1, "b": 1}), request({"a": 2, "b": 1})), (request({"c": 1}), request({"c": 2}))]
    assert list(needed(pairs, STRICT, ["a", "b", "c"])) == ["a", "c"]
    assert list(needed([], STRICT, ["a"])) == []

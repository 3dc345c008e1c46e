"""`ignore_json`: paths of values that do not decide a match."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.json_paths import JsonPaths

BODY = {
    "id": 1,
    "a": {"b": [{"id": 2, "c": 3}, {"id": 4, "c": 5}], "x.y": 6, "z": 7},
    "list": [8, 9, 10],
    "$schema": 11,
    "with space": 12,
}


@pytest.mark.parametrize(
    ("paths", "removed"),
    [
        (["id"], [["id"]]),
        (["$.id"], [["id"]]),
        (["a.b[0].c"], [["a", "b", 0, "c"]]),
        (["a.b[-1].c"], [["a", "b", 1, "c"]]),
        (["a.b[*].id"], [["a", "b", 0, "id"], ["a", "b", 1, "id"]]),
        (["a.*"], [["a", "b"], ["a", "x.y"], ["a", "z"]]),
        (["**.id"], [["id"], ["a", "b", 0, "id"], ["a", "b", 1, "id"]]),
        (["a.**.c"], [["a", "b", 0, "c"], ["a", "b", 1, "c"]]),
        (["**[0]"], [["a", "b", 0], ["list", 0]]),
        (['a["x.y"]'], [["a", "x.y"]]),
        (["a['x.y']", '["with space"]'], [["a", "x.y"], ["with space"]]),
        (["$schema"], [["$schema"]]),
        (["list[0]", "list[1]"], [["list", 0], ["list", 1]]),
        (["list[0]", "list[-3]"], [["list", 0]]),
        (["list[-1]"], [["list", 2]]),
        (["list[-3]", "a.b[-2].c"], [["list", 0], ["a", "b", 0, "c"]]),
        (["list[-1]", "list[2]", "list[0]"], [["list", 0], ["list", 2]]),
        (["list[3]", "list[-4]", "a.b[-3].c", "a.b[2].c"], []),
        (["list[*]"], [["list", 0], ["list", 1], ["list", 2]]),
        (["a.b[7].c", "nothing.here", "id.x", "list.id", "a[0]"], []),
    ],
)
def test_what_a_path_names(paths: list[str], removed: list[list[Any]]) -> None:
    expected = json.loads(json.dumps(BODY))
    for place in sorted(removed, key=str, reverse=True):
        container = expected
        for step in place[:-1]:
            container = container[step]
        del container[place[-1]]
    value = json.loads(json.dumps(BODY))
    JsonPaths(tuple(paths)).remove_from(value)
    assert value == expected


@pytest.mark.parametrize(
    "path", ["", ".a", "a.", "a..b", "a[", "a[x]", "a[1.5]", "a[0]b", "a.[0]", "a b", "a***", "**", "a.**", "a[]", "a]"]
)
def test_a_path_that_cannot_be_read_is_named(path: str) -> None:
    with pytest.raises(ConfigError) as failure:
        Matcher(CassetteConfig(ignore_json=("fine", path)))
    assert "ignore_json: " in str(failure.value)
    assert f"the path {path!r}" in str(failure.value)
    assert "a[*] (every item)" in str(failure.value)


def matches(one: Any, other: Any, *paths: str) -> bool:
    matcher = Matcher(CassetteConfig(ignore_json=paths))
    keys = [
        matcher.key(Request(method="POST", url="https://h", body=json.dumps(body).encode())) for body in (one, other)
    ]
    return keys[0] == keys[1]


def test_what_is_left_out_does_not_count_and_the_rest_does() -> None:
    one = {"messages": [{"id": "a", "content": "x"}, {"id": "b", "content": "y"}], "seed": 1}
    other = {"seed": 2, "messages": [{"content": "x"}, {"id": "c", "content": "y"}]}
    assert matches(one, other, "messages[*].id", "seed")
    assert not matches(one, other, "messages[*].id")
    assert not matches(one, other, "messages[1].id", "seed")
    assert not matches({"a": True}, {"a": 1}, "b")
    assert matches({"a": 1, "b": 2}, {"a": 1.0}, "b")
    assert not matches([{"a": 1}], {"a": 1}, "x")
    assert matches("text", "text", "**.id")

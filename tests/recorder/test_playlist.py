"""Which interaction answers next: by the bytes where the order is as recorded, else by what `match_on` compares."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.recorder.playlist import Playlist
from pytest_llmcassette.redaction import Redactor

URL = "https://provider.test/v1/chat"


def request(
    body: str = "{}", *, method: str = "POST", url: str = URL, content_type: str = "application/json", **headers: str
) -> Request:
    named = {name.replace("_", "-").title(): [value] for name, value in headers.items()}
    return Request(method=method, url=url, headers={"Content-Type": [content_type], **named}, body=body.encode())


def recorded(asked: Request, answer: str = "", code: int = 200, phase: str = "") -> Interaction:
    return Interaction(request=asked, response=Response(code=code, status="", body=answer.encode()), phase=phase)


def playlist(*interactions: Interaction, **switches: Any) -> Playlist:
    config = CassetteConfig(**switches)
    return Playlist(interactions, config, Redactor(config))


def played(under: Playlist, asked: Request) -> str | None:
    found = under.take(asked)
    return None if found is None else found.response.body.decode()


def test_a_header_that_counts_decides_before_equal_bytes() -> None:
    under = playlist(recorded(request(x_version="v1"), "one"), match_on=("method", "url", "body", "header:x-version"))
    assert played(under, request(x_version="v2")) is None
    assert played(under, request()) is None
    assert played(under, request(x_version="v1")) == "one"


@pytest.mark.parametrize(
    "other",
    [
        request("a=2", content_type="application/x-www-form-urlencoded"),
        request("a=1", content_type="application/x-www-form-urlencoded", method="PUT"),
        request("a=1", content_type="application/x-www-form-urlencoded", url=URL + "?a=1"),
        request("a=1", content_type="text/plain"),
    ],
    ids=["body", "method", "url", "type"],
)
def test_one_difference_is_enough(other: Request) -> None:
    same = request("a=1", content_type="application/x-www-form-urlencoded")
    under = playlist(recorded(same, "one"))
    assert played(under, other) is None
    assert played(under, same) == "one"
    assert played(under, same) is None


@pytest.mark.parametrize(
    ("order", "answers"),
    [
        ("abab", ["A1", "B1", "A2", "B2"]),
        ("baab", ["B1", "A1", "A2", "B2"]),
        ("bbaa", ["B1", "B2", "A1", "A2"]),
        ("aabb", ["A1", "A2", "B1", "B2"]),
        ("aaab", ["A1", "A2", None, "B1"]),
        ("cbcb", [None, "B1", None, "B2"]),
    ],
)
@pytest.mark.parametrize("spaces", ["", " "], ids=["same bytes", "same meaning"])
def test_each_plays_once_in_recorded_order_among_equals(order: str, answers: list[str | None], spaces: str) -> None:
    under = playlist(
        *(recorded(request(json.dumps({"q": name[0]})), name.upper()) for name in ("a1", "b1", "a2", "b2"))
    )
    assert [played(under, request(json.dumps({"q": name}) + spaces)) for name in order] == answers
    left = {"A1", "A2", "B1", "B2"} - set(answers)
    assert {one.response.body.decode() for one in under.unplayed()} == left
    assert [was_played for _, was_played in under.requests()] == [name not in left for name in ("A1", "B1", "A2", "B2")]


def test_neighbours_that_are_equal_play_one_after_the_other() -> None:
    under = playlist(*(recorded(request(), answer) for answer in ("one", "two", "three", "four")))
    assert [played(under, request()) for _ in range(5)] == ["one", "two", "three", "four", None]


@pytest.mark.parametrize(
    ("code", "switches", "again"),
    [
        (200, {}, None),
        (200, {"allow_repeats": True}, "two"),
        (503, {}, "two"),
        (503, {"record_errors": True}, None),
        (503, {"record_errors": True, "allow_repeats": True}, "two"),
        (404, {}, None),
    ],
)
def test_what_repeats_is_the_last_of_its_equals(code: int, switches: dict[str, bool], again: str | None) -> None:
    under = playlist(recorded(request(), "one", code), recorded(request(), "two", code), **switches)
    assert [played(under, request()) for _ in range(4)] == ["one", "two", again, again]
    assert played(under, request("[]")) is None
    assert under.unplayed() == []


def test_a_secret_in_a_file_that_something_else_wrote_does_not_decide() -> None:
    under = playlist(recorded(request('{"api_key": "sk-theirs"}', url=URL + "?key=theirs"), "one"))
    assert played(under, request('{"api_key": "REDACTED"}', url=URL + "?key=REDACTED")) == "one"
    assert "theirs" not in str(under.requests())


def test_places_are_those_of_equals() -> None:
    under = playlist(recorded(request("[]")), recorded(request()), recorded(request(" []")))
    assert under.places(under.key(request("[ ]"))) == [0, 2]
    assert under.places(under.key(request("[1]"))) == []


def test_a_request_too_many_comes_on_top_only_when_its_phase_has_nothing_left() -> None:
    under = playlist(recorded(request("[1]")), recorded(request("[2]"), phase="teardown"))
    assert not under.is_used_up("")
    assert not under.is_used_up("teardown")
    assert played(under, request("[1]")) == ""
    assert under.is_used_up("")
    assert not under.is_used_up("teardown")
    assert played(under, request("[2]")) == ""
    assert under.is_used_up("teardown")

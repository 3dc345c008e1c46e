"""What the recorder decides, mode by mode, without any HTTP client."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorder_calls import URL, live, recorder, request

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.config import build_config
from pytest_llmcassette.errors import CassetteFileError, RequestNotRecorded, RequestRefused
from pytest_llmcassette.provider import placeholder_for
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import LiveRequest, is_among
from pytest_llmcassette.recorder.slot import RecordingSlot


def replayed(under: Recorder, question: str) -> str:
    answer = under.request(request(question))
    assert isinstance(answer, Interaction), "this request should have been replayed"
    return answer.response.body.decode()


def cassette(path: Path, *questions: str) -> Path:
    recording = recorder(path, "rewrite")
    for question in questions:
        live(recording, question)
    recording.close()
    assert recording.save() == path
    return path


def answers(path: Path) -> list[str]:
    return [one.response.body.decode() for one in load(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it.yaml"


def test_none_replays_each_interaction_once_in_order(path: Path) -> None:
    recording = recorder(path, "once")
    for answer in ("first", "second"):
        live(recording, "q", answer)
    recording.save()
    under = recorder(path)
    assert [replayed(under, "q"), replayed(under, "q")] == ["first", "second"]
    with pytest.raises(RequestNotRecorded, match=r"pytest test_it\.py --record-mode=once") as caught:
        under.request(request("q"))
    assert under.misses == [caught.value]
    assert under.save() is None


def test_repeats_are_allowed_by_a_switch(path: Path) -> None:
    under = recorder(cassette(path, "a"), allow_repeats=True)
    assert [replayed(under, "a") for _ in range(3)] == ["A", "A", "A"]
    assert [one.dropped for one in under.sent] == [False, False, False]


@pytest.mark.parametrize(("keeps", "dropped"), [(False, [True, False]), (True, [False, False])])
def test_a_failure_that_is_served_again_counts_once_unless_failures_count(
    path: Path, keeps: bool, dropped: list[bool]
) -> None:
    recording = recorder(path, "once", record_errors=True)
    live(recording, "a", "busy", status=503)
    recording.save()
    under = recorder(path, allow_repeats=True, record_errors=keeps)
    assert [replayed(under, "a") for _ in range(2)] == ["busy", "busy"]
    assert [one.dropped for one in under.sent] == dropped


def test_none_without_a_file_says_how_to_record(path: Path) -> None:
    with pytest.raises(RequestNotRecorded) as caught:
        recorder(path).request(request("q"))
    for said in (str(path), URL, "test_it.py::test_it", "pytest test_it.py --record-mode=once"):
        assert said in str(caught.value)


def test_once_records_only_without_a_file(path: Path) -> None:
    first = recorder(path, "once")
    assert first.will_record
    live(first, "a")
    first.save()
    second = recorder(path, "once")
    assert not second.may_record
    assert replayed(second, "a") == "A"
    with pytest.raises(RequestNotRecorded):
        second.request(request("b"))


def test_new_episodes_appends_what_is_missing(path: Path) -> None:
    under = recorder(cassette(path, "a", "b"), "new_episodes")
    live(under, "c")
    assert replayed(under, "b") == "B"
    under.save()
    assert answers(path) == ["A", "B", "C"]
    assert [one.response.body for one in under.interactions] == [b"C", b"B"]
    assert [one.response.body for one in under.unplayed()] == [b"A"]
    assert under.file.unplayed_places() == (2, [0])


def test_all_replaces_equals_in_place(path: Path) -> None:
    under = recorder(cassette(path, "a", "b", "a", "c"), "all")
    live(under, "new")
    live(under, "a", "first a")
    live(under, "c", "newer c")
    live(under, "a", "second a")
    live(under, "a", "third a")
    under.save()
    assert answers(path) == ["first a", "B", "second a", "newer c", "NEW", "third a"]
    assert under.unplayed() == []
    assert under.file.unplayed_places() == (0, [])
    assert under.file.left_over == 1


def test_rewrite_is_exactly_this_run(path: Path) -> None:
    under = recorder(cassette(path, "a", "b"), "rewrite")
    live(under, "c")
    under.save()
    assert answers(path) == ["C"]
    assert under.file.unplayed_places() == (0, [])
    assert under.file.left_over == 0


def test_rewrite_does_not_mind_a_broken_file(path: Path) -> None:
    path.write_text("no: [cassette")
    under = recorder(path, "rewrite")
    live(under, "c")
    under.save()
    assert answers(path) == ["C"]


def test_order_is_that_of_the_starts(path: Path) -> None:
    under = recorder(path, "once")
    slots = [under.request(request(question)) for question in "abc"]
    for slot in reversed(slots):
        assert isinstance(slot, RecordingSlot)
        slot.headers(200, "OK", [], "HTTP/1.1", 1)
        slot.data(json.dumps(slots.index(slot)).encode())
        slot.end("")
    under.save()
    assert answers(path) == ["0", "1", "2"]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529, 0])
def test_retried_failures_are_left_out(path: Path, status: int) -> None:
    under = recorder(path, "once")
    live(under, "a", status=status)
    live(under, "other")
    live(under, "a", status=status)
    live(under, "a", "at last")
    under.save()
    assert answers(path) == ["OTHER", "at last"]
    assert [sent.dropped for sent in under.sent] == [True, False, True, False]
    assert [one.response.body for one in under.interactions] == [b"OTHER", b"at last"]


def test_record_errors_keeps_them(path: Path) -> None:
    under = recorder(path, "once", record_errors=True)
    live(under, "a", "busy", 503)
    live(under, "a", "at last")
    under.save()
    assert answers(path) == ["busy", "at last"]
    again = recorder(path, record_errors=True)
    assert [replayed(again, "a"), replayed(again, "a")] == ["busy", "at last"]
    with pytest.raises(RequestNotRecorded):
        again.request(request("a"))


def test_failure_that_the_test_ends_on_is_kept_and_served_to_each_retry(path: Path) -> None:
    recording = recorder(path, "once")
    for attempt in range(3):
        live(recording, "a", f"busy {attempt}", 503)
    recording.save()
    assert answers(path) == ["busy 2"]
    under = recorder(path)
    assert [replayed(under, "a") for _ in range(3)] == ["busy 2"] * 3
    for run in (recording, under):
        assert [sent.dropped for sent in run.sent] == [True, True, False]
        assert len(run.interactions) == 1


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422])
def test_lasting_answers_are_never_left_out(path: Path, status: int) -> None:
    under = recorder(path, "once")
    live(under, "a", "one", status)
    live(under, "a", "two", status)
    under.save()
    assert answers(path) == ["one", "two"]


def test_close_ends_streams_and_refuses_what_comes_late(path: Path) -> None:
    under = recorder(path, "once")
    streaming, waiting = under.request(request("a")), under.request(request("b"))
    assert isinstance(streaming, RecordingSlot)
    assert isinstance(waiting, RecordingSlot)
    streaming.headers(200, "OK", [], "HTTP/1.1", 1)
    streaming.data(b"half")
    under.close()
    under.save()
    streaming.data(b" an answer")
    streaming.end("")
    waiting.headers(200, "OK", [], "HTTP/1.1", 1)
    waiting.end("")
    under.save()
    [stored] = load(path)
    assert (stored.response.body, stored.end) == (b"half", "closed")
    with pytest.raises(RequestRefused, match=r"test_it\.py::test_it is over"):
        under.request(request("c"))


def test_closed_stream_that_reached_its_protocols_end_is_complete(path: Path) -> None:
    config = build_config(("test", {"record_mode": "once"}))
    under = Recorder(
        path, config, how_to_record="", owner="", is_complete=lambda one: one.response.body.endswith(b"DONE")
    )
    for body in (b"data: DONE", b"data: half"):
        slot = under.request(request(body.decode()))
        assert isinstance(slot, RecordingSlot)
        slot.headers(200, "OK", [], "HTTP/1.1", 1)
        slot.data(body)
        slot.end("closed")
    assert [one.end for one in under.interactions] == ["", "closed"]


def test_close_after_the_announced_length_is_complete(path: Path) -> None:
    under = recorder(path, "once")
    slot = under.request(request("a"))
    assert isinstance(slot, RecordingSlot)
    slot.headers(200, "OK", [(b"Content-Length", b"4")], "HTTP/1.1", 1)
    slot.data(b"four")
    slot.end("closed")
    assert [one.end for one in under.interactions] == [""]


@pytest.mark.parametrize(
    ("headers", "where"),
    [
        ({"authorization": "Bearer " + placeholder_for("OPENAI_API_KEY")}, "authorization"),
        ({"x-api-key": placeholder_for("OPENAI_API_KEY")}, "x-api-key"),
    ],
)
def test_placeholder_is_refused_before_it_is_sent(path: Path, headers: dict[str, str], where: str) -> None:
    under = recorder(path, "once")
    with pytest.raises(RequestRefused, match="OPENAI_API_KEY") as caught:
        under.request(request("q", **headers))
    assert where in str(caught.value)
    assert f"POST {URL} live" in str(caught.value)
    assert under.save() is None


def test_placeholder_replays(path: Path) -> None:
    under = recorder(cassette(path, "a"))
    answer = under.request(request("a", authorization="Bearer " + placeholder_for("OPENAI_API_KEY")))
    assert isinstance(answer, Interaction)


def test_unreadable_file_stops_the_request(path: Path) -> None:
    path.write_text("no: [cassette")
    under = recorder(path)
    with pytest.raises(RequestRefused, match=r"it\.yaml") as caught:
        under.request(request("a"))
    assert under.misses == [caught.value]
    assert path.read_text() == "no: [cassette"


def test_file_that_something_else_wrote_meanwhile_is_not_overwritten(path: Path) -> None:
    under = recorder(path, "once")
    live(under, "a")
    cassette(path, "from another process")
    with pytest.raises(CassetteFileError, match="something else wrote this cassette"):
        under.save()
    assert answers(path) == ["FROM ANOTHER PROCESS"]


def test_sent_shows_protocol_headers_but_no_secret(path: Path) -> None:
    under = recorder(cassette(path, "a"), snapshot_headers=["x-mine"])
    under.request(
        request("a", anthropic_version="2023-06-01", authorization="Bearer s3cret", x_mine="yes", x_other="no")
    )
    [sent] = under.sent
    assert sent.snapshot_headers == {"Anthropic-Version": ["2023-06-01"], "X-Mine": ["yes"]}
    assert sent.headers["Content-Type"] == ["application/json"]
    assert "s3cret" not in repr(sent)
    assert "X-Other" not in sent.headers


TOKEN, SHAPED = "Zq8KfieldsecretA19xPw", "sk-proj-Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8"


def unredacted(path: Path, query: str, body: dict[str, str]) -> LiveRequest:
    """A file that something else wrote, with its secrets, and the request that it answers byte for byte."""
    asked = LiveRequest("POST", URL + query, [(b"content-type", b"application/json")], json.dumps(body).encode())
    recorded = Request(method="POST", url=asked.url, headers={"Content-Type": ["application/json"]}, body=asked.body)
    save(path, [Interaction(request=recorded, response=Response(code=200, body=b"OK"))])
    return asked


@pytest.mark.parametrize(
    ("query", "body"), [("", {"api_key": TOKEN, "say": SHAPED}), (f"?api_key={TOKEN}", {"say": SHAPED})]
)
def test_a_secret_that_is_in_the_file_is_known_to_whoever_asks(path: Path, query: str, body: dict[str, str]) -> None:
    asked = unredacted(path, query, body)
    under = recorder(path)
    under.request(asked)
    assert TOKEN in under.known.values
    under.sweep()
    [sent] = under.sent
    shown = sent.url + sent.body.decode()
    assert (TOKEN in shown, SHAPED in shown) == (False, False)


def test_a_recording_has_no_secret_that_the_old_file_has(path: Path) -> None:
    asked = unredacted(path, "", {"api_key": TOKEN})
    under = recorder(path, "new_episodes")
    live(under, "b", f"You are {TOKEN}.")
    under.request(asked)
    under.save()
    assert answers(path) == ["OK", "You are REDACTED."]


def test_a_user_s_rules_are_asked_where_the_request_is_sent(path: Path) -> None:
    asked = []

    def redact(text: str, place: str) -> str:
        asked.append(place)
        return text

    config = build_config(("test", {}))
    under = Recorder(cassette(path, "a"), config, how_to_record="", owner="", redact=redact)
    assert replayed(under, "a") == "A"
    assert "body" in asked


def test_the_length_of_a_request_is_kept_where_a_switch_names_it(path: Path) -> None:
    """Elsewhere it is not even looked at: it alone changes with each request."""
    for switch in ("keep_request_headers", "snapshot_headers"):
        under = recorder(path, "rewrite", **{switch: ["content-length"]})
        for length in ("3", "4"):
            lines = [(b"Content-Length", length.encode())]
            under.request(LiveRequest("POST", URL, lines, b"{}"))
        kept = [{**sent.headers, **sent.snapshot_headers}.get("Content-Length") for sent in under.sent]
        assert kept == [["3"], ["4"]]


def test_unplayed_leaves_out_what_its_own_client_gave_up(path: Path) -> None:
    """A lost race: on replay the loser may be cancelled before it sends anything."""
    given_up = Interaction(
        request=Request(method="POST", url=URL, body=b"{}"), response=Response(code=0, status=""), end="closed"
    )
    save(path, [given_up])
    assert recorder(path).unplayed() == []


@pytest.mark.parametrize(
    ("pattern", "host", "port", "ignored"),
    [
        ("api.test", "api.test", 443, True),
        ("api.test", "API.test", 443, True),
        ("api.test", "my.api.test", 443, False),
        ("*.api.test", "my.api.test", 443, True),
        ("*.api.test", "api.test", 443, False),
        ("localhost:8000", "localhost", 8000, True),
        ("localhost:8000", "localhost", 8001, False),
        ("::1", "::1", 80, True),
    ],
)
def test_ignored_hosts(pattern: str, host: str, port: int, ignored: bool) -> None:
    assert is_among((pattern,), host, port) is ignored

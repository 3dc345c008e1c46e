"""Conversations without any client: what is recorded of one, and what a replay lets its client say and hear."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from recorder_calls import recorder

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import CLIENT, CLOSED, SERVER, FrameKind, Interaction
from pytest_llmcassette.errors import CassetteStop, RecordingTruncated, RequestNotRecorded, RequestRefused
from pytest_llmcassette.recorder.conversation import Conversation, converse, in_words
from pytest_llmcassette.recorder.known_drift import KnownDrift
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import LiveRequest
from pytest_llmcassette.recorder.slot import RecordingSlot

URL = "wss://provider.test/v1/realtime?model=m"
SECRET = "sk-proj-0123456789abcdefghij"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it.yaml"


def asked(key: str = SECRET) -> LiveRequest:
    return LiveRequest("GET", URL, [(b"Authorization", b"Bearer " + key.encode())], b"")


def started(under: Recorder) -> RecordingSlot:
    slot = under.request(asked())
    assert isinstance(slot, RecordingSlot)
    slot.headers(101, "Switching Protocols", [], "HTTP/1.1", 1000)
    return slot


def record(path: Path, *conversations: str, mode: str = "rewrite", end: str = CLOSED, **switches: Any) -> Path:
    """Each a line: `>words` is what the client says, `<words` what the server does, `#code` its end."""
    under = recorder(path, mode, **switches)
    for conversation in conversations:
        slot = started(under)
        for word in conversation.split():
            kind = FrameKind.CLOSE if word[0] == "#" else FrameKind.TEXT
            slot.frame(CLIENT if word[0] == ">" else SERVER, word[1:].encode(), kind)
        slot.end("" if "#" in conversation else end)
    under.close()
    assert under.save() == path
    return path


def played(under: Recorder) -> Conversation:
    interaction = under.request(asked())
    assert isinstance(interaction, Interaction)
    return converse(under, interaction)


def heard(conversation: Conversation) -> list[str]:
    found = []
    while (one := conversation.hear()) is not None:
        found.append(one.frame.data.decode())
    return found


def frames(path: Path) -> list[list[str]]:
    return [[frame.data.decode() for frame in one.frames] for one in load(path)]


def test_what_is_recorded(path: Path) -> None:
    under = recorder(path, "rewrite")
    slot = started(under)
    slot.frame(SERVER, b'{"type":"session.created"}')
    slot.frame(CLIENT, b"\x00\xff", FrameKind.BINARY)
    slot.frame(SERVER, b"1000 bye", FrameKind.CLOSE)
    slot.end("")
    slot.frame(SERVER, b"late")
    under.save()
    [one] = load(path)
    assert (one.request.method, one.request.url, one.response.code) == ("GET", URL, 101)
    assert [(frame.sender, frame.data, frame.kind) for frame in one.frames] == [
        (SERVER, b'{"type":"session.created"}', FrameKind.TEXT),
        (CLIENT, b"\x00\xff", FrameKind.BINARY),
        (SERVER, b"1000 bye", FrameKind.CLOSE),
    ]
    times = [frame.at for frame in one.frames]
    assert times == sorted(times)
    assert all(at == round(at, 3) for at in times)


def test_what_is_open_at_the_end_counts_as_left_by_its_client(path: Path) -> None:
    under = recorder(path, "rewrite")
    slot = started(under)
    slot.frame(CLIENT, b"a")
    under.close()
    slot.frame(CLIENT, b"b")
    under.save()
    [one] = load(path)
    assert (one.end, [frame.data for frame in one.frames]) == (CLOSED, [b"a"])


def test_no_secret_is_written(path: Path) -> None:
    under = recorder(path, "rewrite", secret_fields=["pin"])
    slot = started(under)
    for sender, data in (
        (CLIENT, json.dumps({"xi_api_key": "a-key-of-the-first-message", "pin": "0000-1111", "text": "hi"})),
        (SERVER, json.dumps({"echo": SECRET, "client_secret": {"value": "ek_0123456789abcdefgh"}})),
        (CLIENT, json.dumps({"again": "ek_0123456789abcdefgh", "and": "a-key-of-the-first-message"})),
        (CLIENT, f"no JSON, {SECRET}"),
        (SERVER, json.dumps({"late": "a-name-that-is-told-later"})),
    ):
        slot.frame(sender, data.encode())
    slot.frame(SERVER, b"1008 " + SECRET.encode(), FrameKind.CLOSE)
    slot.end("")
    under.sweep({"a-name-that-is-told-later"})
    under.save()
    written = path.read_text()
    for secret in (SECRET, "a-key-of-the-first-message", "0000-1111", "ek_0123456789abcdefgh", "told-later"):
        assert secret not in written
    assert "hi" in written
    # A replay sends the secrets in clear again, or has stand-ins for them.
    conversation = played(recorder(path, secret_fields=["pin"]))
    conversation.say(json.dumps({"xi_api_key": "another-key", "pin": "2222-3333", "text": "hi"}).encode())
    conversation.say(json.dumps({"again": "ek_another", "and": "another-key"}).encode())


def test_a_key_that_is_set_afterwards(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "a-key-that-is-told-later-0123456789"
    under = recorder(path, "rewrite")
    slot = started(under)
    slot.frame(CLIENT, key.encode())
    slot.end("")
    monkeypatch.setenv("OPENAI_API_KEY", key)
    under.close()
    under.save()
    assert frames(path) == [["REDACTED"]]


def test_a_secret_that_is_given_out_bit_by_bit(path: Path) -> None:
    under = recorder(path, "rewrite")
    slot = started(under)
    for piece in ("It is ", SECRET[:9], SECRET[9:20], SECRET[20:] + ", really."):
        slot.frame(SERVER, json.dumps({"type": "delta", "delta": piece}).encode())
    slot.end("")
    under.save()
    [one] = load(path)
    said = "".join(json.loads(frame.data)["delta"] for frame in one.frames)
    assert said == "It is REDACTED, really."


def test_what_a_baseline_lets_differ(path: Path) -> None:
    under = recorder(record(path, '>{"at":1,"q":"a"} >{"at":2,"q":"b"} <1'))
    under.known_drift = KnownDrift(("at",))
    conversation = played(under)
    conversation.say(b'{"at":5,"q":"a"}')
    with pytest.raises(RequestNotRecorded, match="q  recorded"):
        conversation.say(b'{"at":6,"q":"c"}')
    assert under.known_drift.occurred(under.config) == ["at"]


def test_messages_of_protobuf_are_redacted_within(path: Path) -> None:
    under = recorder(path, "rewrite")
    slot = started(under)
    slot.frame(
        CLIENT, b"\n\x140123456789abcdefghij\x10\x01", FrameKind.BINARY, '{"api_key": "0123456789abcdefghij", "n": 1}'
    )
    slot.frame(SERVER, b"\x12\x02hi", FrameKind.BINARY, '{"said": "hi"}')
    slot.end("")
    under.save()
    [one] = load(path)
    assert [(frame.data, frame.json) for frame in one.frames] == [
        (b"\n\x08REDACTED\x10\x01", '{"api_key": "REDACTED", "n": 1}'),
        (b"\x12\x02hi", '{"said": "hi"}'),
    ]


def test_an_answer_is_due_when_all_before_it_was_said(path: Path) -> None:
    conversation = played(recorder(record(path, "<hello >a <1 <2 >b >c <3 #1000")))
    assert heard(conversation) == ["hello"]
    conversation.say(b"a")
    # Earlier than in the recording, where it waited for the answers.
    conversation.say(b"b")
    assert heard(conversation) == ["1", "2"]
    assert not conversation.is_over
    conversation.say(b"c")
    assert heard(conversation) == ["3", "1000"]
    assert conversation.is_over


@pytest.mark.parametrize(
    ("recorded", "said", "switches"),
    [
        ('{"a":1,"b":[true]}', b'{ "b": [true], "a": 1.0 }', {}),
        ('{"event_id":"e1","a":1}', b'{"event_id":"e2","a":1}', {"ignore_json": ["event_id"]}),
        ("plain", b"plain", {}),
        ("plain", b"another", {"match_on": ["method", "url"]}),
    ],
)
def test_equal_messages(path: Path, recorded: str, said: bytes, switches: dict[str, Any]) -> None:
    under = recorder(record(path, f">{recorded}"), **switches)
    played(under).say(said)
    assert under.unplayed() == []


@pytest.mark.parametrize(
    ("recorded", "said", "kind", "why"),
    [
        (">{'a':1}", b'{"a":true}', FrameKind.TEXT, ["message 1 of recording id 0. It differs in", "a  recorded: 1"]),
        (">abc", b"abd", FrameKind.TEXT, ["message 1 of recording id 0", '"abc"  sent: "abd"']),
        (">abc", b"abc", FrameKind.BINARY, ["is a text, the one sent binary"]),
        (">a >b", b"b", FrameKind.TEXT, ["message 1 of recording id 0 comes first; this is message 2", '"a"']),
        ("<a", b"b", FrameKind.TEXT, ["message 1, recording id 0 has 0 messages", 'sent: "b"']),
        (
            ">{'event_id':'evt_a1b2c3d4e5','x':1}",
            b'{"event_id":"evt_f6g7h8i9j0","x":1}',
            FrameKind.TEXT,
            ["generated ids", 'ignore_json=["event_id"]'],
        ),
    ],
)
def test_a_changed_message_is_a_miss(path: Path, recorded: str, said: bytes, kind: FrameKind, why: list[str]) -> None:
    under = recorder(record(path, recorded.replace("'", '"')))
    conversation = played(under)
    with pytest.raises(RequestNotRecorded) as caught:
        conversation.say(said, kind)
    for words in (*why, URL, "test_it.py::test_it", "Record it: pytest test_it.py"):
        assert words in str(caught.value)
    assert under.misses == [caught.value]
    # Whoever listens, in another task, is told as well; and it is told once.
    with pytest.raises(RequestNotRecorded):
        conversation.hear()
    assert len(under.misses) == 1
    assert under.unplayed() == []


@pytest.mark.parametrize(
    ("recorded", "said", "error", "why"),
    [
        ("<1 >a <2 #1000", [], RequestNotRecorded, ["has not sent what comes first", 'id 0:\n  recorded: "a"']),
        ("<1 >a", [b"a"], RecordingTruncated, ["ends after 2 frames, where its client left"]),
    ],
)  # fmt: skip
def test_who_waits_in_vain_is_told(
    path: Path, recorded: str, said: list[bytes], error: type[CassetteStop], why: list[str]
) -> None:
    under = recorder(record(path, recorded))
    conversation = played(under)
    for word in said:
        conversation.say(word)
    heard(conversation)
    ticks = next(count for count in range(1, 99) if conversation.has_waited(0.1))
    assert 15 < ticks < 30
    stop = conversation.give_up()
    assert isinstance(stop, error)
    assert all(words in str(stop) for words in why)
    assert conversation.give_up() is stop
    assert under.misses == [stop]


def test_patience_is_longer_where_the_client_took_its_time(path: Path) -> None:
    record(path, "<1 >a")
    path.write_text(re.sub(r"at: [\d.]+(\n    text: a)", r"at: 3000\1", path.read_text()))
    assert not played(recorder(path)).has_waited(6)


def test_patience_is_longer_while_the_process_computes(path: Path) -> None:
    conversation = played(recorder(record(path, "<1 >a")))
    began = time.process_time()
    while time.process_time() < began + 0.02:
        """Whatever it is to say, perhaps."""
    assert not conversation.has_waited(0.3)
    assert not conversation.has_waited(1.9)
    assert conversation.has_waited(0.2)


def test_what_was_not_said_was_not_played(path: Path) -> None:
    under = recorder(record(path, "<hello >a >b >c #1000"))
    conversation = played(under)
    conversation.say(b"a")
    [one] = under.unplayed()
    assert in_words(under, one) == f"GET {URL}: messages 2 to 3 of its client were not sent"


def test_of_equal_requests_the_one_is_played_whose_messages_fit(path: Path) -> None:
    under = recorder(record(path, "<0 >a >x <1", "<0 >b <2", "<0 >a >y <3"))
    first, second, third = played(under), played(under), played(under)
    assert [heard(one) for one in (first, second, third)] == [["0"]] * 3
    for one, words in ((second, "a"), (first, "b"), (second, "y"), (third, "a"), (third, "x")):
        one.say(words.encode())
    assert [heard(one) for one in (first, second, third)] == [["2"], ["3"], ["1"]]
    assert under.unplayed() == []
    assert [one.frames[-1].data for one in under.interactions] == [b"2", b"3", b"1"]


def test_a_transcript_that_was_read_early_is_of_what_is_played_in_the_end(path: Path) -> None:
    under = recorder(record(path, ">a <1", ">b <2"))
    first, second = played(under), played(under)
    for one in (first, second):
        one.sent.read = ("of the first guess",)
    first.say(b"b")
    assert (first.sent.read, second.sent.read) == (None, None)


def test_one_that_nobody_plays_yet_is_taken_too(path: Path) -> None:
    under = recorder(record(path, "<0 >a <1", "<0 >b <2", ">c"))
    for words, answers in (("b", ["0", "2"]), ("a", ["0", "1"])):
        conversation = played(under)
        conversation.say(words.encode())
        assert heard(conversation) == answers
    assert [in_words(under, one) for one in under.unplayed()] == [f"GET {URL}"]


def test_a_closed_cassette_takes_no_message(path: Path) -> None:
    under = recorder(record(path, ">a"))
    conversation = played(under)
    under.close()
    with pytest.raises(RequestRefused, match="is over"):
        conversation.say(b"a")


def test_other_modes(path: Path) -> None:
    under = recorder(record(path, ">a <1"), "new_episodes")
    played(under).say(b"a")
    started(under).frame(CLIENT, b"b")
    under.close()
    under.save()
    assert frames(path) == [["a", "1"], ["b"]]
    record(path, ">a <3", mode="all")
    assert frames(path) == [["a", "3"], ["b"]]

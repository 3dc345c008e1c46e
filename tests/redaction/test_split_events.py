"""A secret that a model says letter by letter, and one in the frames of Bedrock."""

from __future__ import annotations

import base64
import json

import pytest
from aws_frames import frame

from pytest_llmcassette.cassette.model import Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.framing.aws_eventstream import parse
from pytest_llmcassette.redaction import KnownSecrets, Redactor

REDACTOR = Redactor(CassetteConfig(secret_patterns=(r"acct-\d+",)))
SHAPE = "sk-proj-Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8"
KNOWN = "Vq7f2mB9xK4tLw8sPz3d"


def answered(body: bytes, kind: str) -> bytes:
    known = KnownSecrets({KNOWN})
    return REDACTOR.response(Response(headers={"Content-Type": [kind]}, body=body), known).body


@pytest.mark.parametrize("secret", [SHAPE, KNOWN, "acct-4711"])
@pytest.mark.parametrize("size", [1, 3, 7, 100])
@pytest.mark.parametrize(("kind", "line"), [("text/event-stream", "data: {}\n\n"), ("application/x-ndjson", "{}\n")])
def test_whoever_puts_the_pieces_together_finds_none(secret: str, size: int, kind: str, line: str) -> None:
    said = f"It is {secret}, and again {secret}; the rest stays."
    deltas = [said[place : place + size] for place in range(0, len(said), size)]
    events = [json.dumps({"id": "x", "choices": [{"delta": {"content": delta}}]}) for delta in deltas]
    body = "".join(line.replace("{}", event) for event in events).encode()
    redacted = answered(body, kind)
    found = [json.loads(one.removeprefix("data: ")) for one in redacted.decode().splitlines() if one.strip()]
    text = "".join(one["choices"][0]["delta"]["content"] for one in found)
    assert text == said.replace(secret, "REDACTED")
    assert len(found) == len(deltas)
    assert answered(redacted, kind) == redacted


def test_of_a_secret_that_holds_others_nothing_is_left() -> None:
    known = KnownSecrets({KNOWN[:size] for size in range(8, len(KNOWN) + 1)})
    body = "".join(json.dumps({"text": piece}) + "\n" for piece in ("It is ", KNOWN[:7], KNOWN[7:], "."))
    headers = {"Content-Type": ["application/x-ndjson"]}
    redacted = REDACTOR.response(Response(headers=headers, body=body.encode()), known).body
    assert "".join(json.loads(line)["text"] for line in redacted.splitlines()) == "It is REDACTED."


def events(*pieces: str, **more: object) -> list[dict[str, object]]:
    return [{"id": "x", "choices": [{"delta": {"content": piece}, **more}]} for piece in pieces]


@pytest.mark.parametrize(
    "said",
    {
        "in the first and the last event, which have more members": [
            {"id": "x", "role": "assistant", "choices": [{"delta": {"content": SHAPE[:9]}}]},
            *events(*SHAPE[9:20]),
            {"id": "x", "choices": [{"delta": {"content": SHAPE[20:]}}], "usage": {"total": 3}},
        ],
        "beside texts that vary as well": [
            {"type": "delta", "number": number, "text": letter, "padding": "p" * (number % 3)}
            for number, letter in enumerate(SHAPE)
        ],
        "while another place has words in between": [
            one for letter in SHAPE for one in ({"a": {"text": letter}}, {"b": {"text": "no, "}})
        ],
        "in an item of a list": [{"id": "x", "parts": ["a", letter]} for letter in SHAPE],
        "with quotes and backslashes around": events('he said "', *SHAPE, '"', "\\", "\n,", "{"),
        "after texts that end in a comma": [{"a": "b,", "c": letter, "d": "{"} for letter in SHAPE],
        "with half a character": events("\ud83d", *SHAPE, "\ude00"),
    }.items(),
    ids=lambda case: case[0],
)
@pytest.mark.parametrize("spaced", [False, True])
def test_in_whatever_events_the_pieces_stand(said: tuple[str, list[dict[str, object]]], spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    body = "".join(f"event: delta\ndata: {json.dumps(one, separators=separators)}\n\n" for one in said[1])
    redacted = answered(body.encode(), "text/event-stream").decode()
    assert redacted.count("REDACTED") == 1
    assert len(redacted.splitlines()) == len(body.splitlines())
    # Neither of its last letters is left, which no other text has.
    assert "r8" not in redacted
    assert '"8' not in redacted


def test_letters_that_are_given_twice_where_what_stands_beside_them_differs() -> None:
    twice = "Vq7f2mB9KK4tLw8sPz"
    said = [{"delta": letter, "obfuscation": "abcdef"[number % 6]} for number, letter in enumerate(twice)]
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in said)
    response = Response(headers={"Content-Type": ["text/event-stream"]}, body=body.encode())
    redacted = REDACTOR.response(response, KnownSecrets({twice})).body.decode().splitlines()
    assert "".join(json.loads(line[6:])["delta"] for line in redacted if line) == "REDACTED"


def test_what_a_stream_says_in_one_event_alone_is_found_too() -> None:
    """In the one that is like no other, in what all begin with, in a line that is no event."""
    for odd in (f'data: {{"id":"x","error":"{SHAPE}"}}', f": {SHAPE}", f'data: {{"cut":"{SHAPE}'):
        lines = [*(f"data: {json.dumps(one)}" for one in events(*"some words")), odd, "data: [DONE]"]
        assert SHAPE not in answered("\n\n".join(lines).encode(), "text/event-stream").decode()
    begun = "".join(f'data: {{"id":"{SHAPE}","token":"{KNOWN}","d":"{letter}"}}\n\n' for letter in "word")
    redacted = answered(begun.encode(), "text/event-stream").decode()
    assert redacted.count('{"id":"REDACTED","token":"REDACTED","d":') == 4


def test_a_stream_without_a_secret_is_left_as_it_is() -> None:
    body = b'data: {"a" :"sk-", "n":1.0}\n\ndata: {"a" :"proj", "n":1.0}\n\ndata: [DONE]\n\ndata: {"cut": "of\n'
    response = Response(headers={"Content-Type": ["text/event-stream"]}, body=body)
    assert REDACTOR.response(response, KnownSecrets()).body == body


def test_frames_stay_sound() -> None:
    inner = base64.b64encode(json.dumps({"delta": f"no {KNOWN}"}).encode()).decode()
    body = frame({}, json.dumps({"bytes": inner, "p": "ab"}).encode()) + frame(
        {"a": "b"}, f'{{"t":"{SHAPE}"}}'.encode()
    )
    redacted = answered(body + body[:20], "application/vnd.amazon.eventstream")
    messages, tail = parse(redacted)
    assert tail is not None
    assert tail.data == body[:20]
    assert json.loads(base64.b64decode(json.loads(messages[0].payload)["bytes"])) == {"delta": "no REDACTED"}
    assert messages[1].payload == b'{"t":"REDACTED"}'
    sound = frame({"a": "b"}, b"{}") * 3
    assert answered(sound, "application/vnd.amazon.eventstream") == sound


def test_half_a_character_is_left_as_it_is() -> None:
    """Neither of the two events holds a key of its own."""
    pieces = [b'data: {"d":"one \\ud800 sk-proj-Ab1"}\n\n', b'data: {"d":"Cd2Ef3Gh4Jk5Lm6Np7Qr8 two"}\n\n']
    assert answered(b"".join(pieces), "text/event-stream") == (
        b'data: {"d":"one \\ud800 REDACTED"}\n\ndata: {"d":" two"}\n\n'
    )

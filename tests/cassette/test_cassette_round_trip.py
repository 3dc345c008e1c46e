"""What is written is read back, by either reader; what an editor or a cut makes of a file is read alike by both."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_cassettes import SNIPPETS, cassettes

from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.go_vcr import fast_reader
from pytest_llmcassette.cassette.go_vcr.writer import dumps
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.errors import CassetteFileError

NOWHERE = Path("made-up.yaml")


def by_yaml(raw: bytes) -> list[Interaction] | CassetteFileError:
    try:
        return formats.read(NOWHERE, raw)
    except CassetteFileError as error:
        return error


@given(cassettes)
@pytest.mark.slow
def test_what_is_written_is_what_yaml_reads(made: list[Interaction]) -> None:
    raw = dumps(made)
    assert formats.read(NOWHERE, raw) == made


@given(cassettes)
@pytest.mark.slow
def test_the_line_reader_reads_the_same_or_declines(made: list[Interaction]) -> None:
    read = fast_reader.read(dumps(made))
    assert read is None or read == made


def test_the_line_reader_does_not_decline_what_providers_send() -> None:
    """Otherwise every property above would hold for a reader that reads nothing."""
    made = [
        Interaction(
            request=Request(
                method="POST",
                url="https://api.example.com/v1/x?beta=true&a=1:2",
                body=body,
                form={"beta": ["true"], "a": ["1:2"]},
                headers={
                    "Accept": ["application/json"],
                    "User-Agent": ["a/1.0 (b; c)", "d"],
                    "X-2": [""],
                    "X-10": ["1"],
                },
            ),
            response=Response(
                body=body,
                headers={"Content-Type": ["text/event-stream; charset=utf-8"]} if body else {},
                transfer_encoding=["chunked"],
                uncompressed=True,
                duration_ns=1_723_231_839,
            ),
            end="ReadError",
            end_message="peer closed: 'connection' #1",
            chunks=((0.4, 512), (20.1, 88)),
        )
        for body in [
            b"",
            b'{"a": "b"}',
            b"data: {}\n\ndata: [DONE]\n\n",
            b"data: {}\r\n\r\n",
            b"two\nlines",
            b"\n first\n\n\n  second\n",
            "Olá, 世界: 'x' \"y\" # z\n".encode(),
            "emoji 😀".encode(),
            bytes(range(256)) * 3,
            b"\xff",
            b"true",
            b"plain text",
        ]
    ]
    read = fast_reader.read(dumps(made))
    assert read == made


@given(cassettes, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_both_readers_agree_on_edited_files(made: list[Interaction], random: random.Random) -> None:
    raw = edited(dumps(made), random)
    read = fast_reader.read(raw)
    if read is not None:
        assert read == by_yaml(raw)


def edited(raw: bytes, random: random.Random) -> bytes:
    """`raw` after one to three edits: lines and pieces cut, doubled, moved, exchanged, something put in."""
    for _ in range(random.randint(1, 3)):
        lines = raw.splitlines(keepends=True)
        at, to = random.randrange(len(lines)), random.randrange(len(lines))
        start = random.randrange(len(raw))
        snippet = random.choice(SNIPPETS).encode("utf-8", "surrogateescape")
        edit = random.randrange(8)
        if edit == 0:
            del lines[at]
        elif edit == 1:
            lines.insert(to, lines[at])
        elif edit == 2:
            lines[at], lines[to] = lines[to], lines[at]
        elif edit == 3:
            lines[at] = b" " * random.randint(0, 9) + lines[at].lstrip(b" ")
        elif edit == 4:
            lines[at] = lines[at].replace(b": ", random.choice([b":", b":  ", b" : ", b":\t", b": |\n", b": >\n"]), 1)
        raw = b"".join(lines)
        if edit == 5:
            raw = raw[:start] + snippet + raw[start:]
        elif edit == 6:
            raw = raw[:start] + raw[start + random.randint(1, 40) :]
        elif edit == 7:
            put = random.choice([b"\n", b"\r\n", b"# c\n", b'"', b"'", b"\t", b"\\", b"\xff"])
            raw = raw[:start] + put + raw[start + 1 :]
        raw = raw or b"\n"
    return raw


@given(cassettes, st.randoms(use_true_random=False))
def test_broken_files_are_named_never_a_crash(made: list[Interaction], random: random.Random) -> None:
    read = by_yaml(edited(dumps(made), random))
    assert isinstance(read, list) or str(read).startswith("made-up.yaml")

"""Text survives the snapshot file, hooks that strip spaces, and hostile characters."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.data import Snapshot, SnapshotCollection

from pytest_llmcassette.protocols.transcript import Choice, Text, Transcript
from pytest_llmcassette.snapshot import layout
from pytest_llmcassette.snapshot.extension import ConversationSerializer
from pytest_llmcassette.snapshot.nodes import Arguments, Entry, Words


def answer(words: str) -> Transcript:
    choice = Choice(index=0, parts=(Text(text=words),))
    return Transcript(protocol="openai.chat", provider="openai", stream=False, choices=(choice,), complete=True)


@given(st.text(st.characters() | st.sampled_from("\n\r\t \x1b\x85\u2028\udcff¶|#'")))
def test_any_answer_survives_the_file(words: str) -> None:
    shown = ConversationSerializer.serialize(answer(words))
    with TemporaryDirectory() as folder:
        file = str(Path(folder, "a.ambr"))
        collection = SnapshotCollection(location=file)
        collection.add(Snapshot(name="test_a", data=shown))
        ConversationSerializer.write_file(collection)
        stripped = [line.rstrip(" \t") for line in Path(file).read_text("utf-8").split("\n")]
        Path(file).write_text("\n".join(stripped), "utf-8")
        read = ConversationSerializer.read_file(file).get("test_a")
    assert read is not None
    assert read.data == shown


@given(st.text(st.sampled_from("ab \t\n¶|")), st.text(st.sampled_from("ab \t\n¶|")))
def test_different_answers_look_different(one: str, other: str) -> None:
    shown = [ConversationSerializer.serialize(answer(words)) for words in (one, other)]
    assert (shown[0] == shown[1]) == (one == other)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("one", ["| one"]),
        ("one\n\ntwo\n", ["| one", "|", "| two", "|"]),
        ("ends with a space ", ["| ends with a space ¶"]),
        # Else it would read as a line that ends with a space.
        ("ends with a mark ¶", ["| ends with a mark ¶¶"]),
        ("\x1b[31mred\r", ["| \\x1b[31mred\\x0d"]),
        ("olá \N{GRINNING FACE}", ["| olá \N{GRINNING FACE}"]),
        ("half \ud83d", ["| half \\ud83d"]),
    ],
)
def test_a_block(words: str, shown: list[str]) -> None:
    assert layout.lines(Words(words)) == shown


def test_arguments_are_sorted_json_unless_a_text_in_them_needs_lines() -> None:
    assert layout.lines(Arguments(b=[1, {"y": 0, "x": "ä"}], a=None)) == [
        "{",
        '  "a": null,',
        '  "b": [',
        "    1,",
        "    {",
        '      "x": "ä",',
        '      "y": 0',
        "    }",
        "  ]",
        "}",
    ]
    entry = Entry("tool call run:", {"arguments": Arguments(code="x = 1\nprint(x)")}, main="arguments")
    assert layout.lines(entry) == ["tool call run:", "  code:", "    | x = 1", "    | print(x)"]
    assert layout.lines(Entry("tool call run:", {"arguments": Arguments()}, main="arguments")) == ["tool call run: {}"]


def test_values_of_a_request() -> None:
    tree: dict[str, Any] = {
        "none": None,
        "yes": True,
        "n": 0.5,
        "s": 'say "hi"',
        "l": ["a", 1],
        "e": [],
        "d": {},
        "m": [{"a": 1, "b": 2}],
    }
    assert layout.lines(tree) == [
        "none: null",
        "yes: true",
        "n: 0.5",
        's: "say \\"hi\\""',
        'l: ["a", 1]',
        "e: []",
        "d: {}",
        "m:",
        "  - a: 1",
        "    b: 2",
    ]

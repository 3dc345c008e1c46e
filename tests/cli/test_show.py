"""`llmcassette show`: JSON lines that are a stable interface, a conversation for eyes; neither breaks on a file."""

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from protocols.spoken import OPENAI, SOUND64, USAGE, begun, call, created, done, heard, message, said, session, spoken

from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.cli import main, show
from pytest_llmcassette.cli.terminal import Terminal

PREFIX = ["file", "index", "url", "status", "protocol", "provider", "stream", "id", "model", "text", "reasoning"]
FIELDS = [*PREFIX, "refusal", "tool_calls", "finish_reason", "complete", "error", "usage"]

URL = "https://api.openai.com/v1/chat/completions"
ASKED = {
    "model": "gpt-4o",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAAAAAA"}},
            ],
        },
    ],
    "tools": [{"type": "function", "function": {"name": "add"}}, {"type": "web_search"}],
}
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "A dot. \u001b[31mred\u202e é",
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {
        "prompt_tokens": 1200,
        "completion_tokens": 5,
        "total_tokens": 1205,
        "prompt_tokens_details": {"cached_tokens": 1000},
    },
}


def go_vcr(*exchanges: Any) -> str:
    """A go-vcr 2 file, written by hand: JSON texts are YAML texts."""
    lines = ["---", "version: 2", "interactions:"]
    for number, (method, url, request, status, answer) in enumerate(exchanges):
        lines += [
            f"- id: {number}",
            f"  request: {{method: {method}, url: {json.dumps(url)}, headers: {{}}, body: {json.dumps(request)}}}",
            f"  response: {{code: {status}, status: '', headers: {{}}, body: {json.dumps(answer)}}}",
        ]
    return "\n".join(lines) + "\n"


CHAT = ("POST", URL, json.dumps(ASKED), 200, json.dumps(ANSWER))
MODELS = ("GET", "https://api.openai.com/v1/models", "", 200, '{"object": "list", "data": []}')
REFUSED = ("POST", URL, json.dumps(ASKED), 429, '{"error": {"message": "slow down", "type": "rate_limit"}}')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "b" / "deep" / "z.yml").write_text(go_vcr(MODELS))
    (tmp_path / "b" / "a.yaml").write_text(go_vcr(REFUSED))
    (tmp_path / "a.yaml").write_text(go_vcr(CHAT, MODELS))
    (tmp_path / "notes.txt").write_text("no cassette")
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    parser = argparse.ArgumentParser()
    show.add_arguments(parser)
    status = show.run(parser.parse_args([str(argument) for argument in arguments]))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_the_fields_of_an_llm_call(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    status, out, err = shown(capsys, "--json", folder / "a.yaml")
    row = rows(out)[0]
    assert (status, err) == (0, "")
    assert list(row)[: len(FIELDS)] == FIELDS
    assert {name: row[name] for name in FIELDS if name not in ("text", "usage")} == {
        "file": str(folder / "a.yaml"),
        "index": 0,
        "url": URL,
        "status": 200,
        "protocol": "openai.chat",
        "provider": "openai",
        "stream": False,
        "id": "chatcmpl-1",
        "model": "gpt-4o-2024",
        "reasoning": None,
        "refusal": None,
        "tool_calls": [{"id": "call_1", "name": "add", "arguments": '{"a":1}'}],
        "finish_reason": "tool_calls",
        "complete": True,
        "error": None,
    }
    assert row["text"] == "A dot. \u001b[31mred\u202e é"
    assert row["request_model"] == "gpt-4o"
    figures = ("input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "reasoning_output_tokens")
    assert [row["usage"][name] for name in figures] == [1200, 5, 1205, 1000, None]


def test_what_is_made_and_what_is_free_by_its_kind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = ("POST", "https://api.openai.com/v1/images/generations", "{}", 200, '{"data": [{"b64_json": "cG5n"}]}')
    checked = ("POST", "https://api.openai.com/v1/moderations", "{}", 200, '{"results": []}')
    (tmp_path / "a.yaml").write_text(go_vcr(made, checked))
    image, free = rows(shown(capsys, "--json", tmp_path / "a.yaml")[1])
    assert (image["protocol"], image["kind"], image["usage"]["billed_units"]) == (
        "openai.images",
        "image",
        {"images": 1},
    )
    assert [(one["kind"], one["size"]) for one in image["media"]] == [("image", 3)]
    assert (free["protocol"], free["kind"], free["usage"], free["media"]) == (None, "moderation", None, [])
    assert "1 images" in shown(capsys, tmp_path / "a.yaml")[1]


def test_other_traffic_has_no_protocol(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    row = rows(shown(capsys, "--json", folder / "a.yaml")[1])[1]
    assert (row["index"], row["status"], row["url"]) == (1, 200, MODELS[1])
    assert [row[name] for name in ("protocol", "text", "complete", "usage", "error")] == [None] * 5
    assert row["tool_calls"] == []


def test_an_error(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (row,) = rows(shown(capsys, "--json", folder / "b" / "a.yaml")[1])
    assert row["error"] == {"status": 429, "type": "rate_limit", "message": "slow down"}
    assert (row["complete"], row["text"], row["usage"]) == (False, None, None)


def test_a_call_that_failed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = {"messages": [{"role": "ROLE_USER", "content": [{"text": "Hi"}]}]}
    save(
        tmp_path / "a.yaml",
        [
            call("Own/Ask", asked, status=3, words="no model broken"),
            call("Chat/GetCompletion", asked, status=16, words="bad key"),
            call("Own/Ask", asked, {"text": "Yes"}),
            call("Own/Ask", asked, status=99),
        ],
    )
    own, chat, fine, odd = rows(shown(capsys, "--json", tmp_path)[1])
    assert own["error"] == {"status": None, "type": "INVALID_ARGUMENT", "message": "no model broken"}
    assert (own["status"], own["protocol"]) == (200, None)
    assert (chat["error"]["type"], fine["error"], odd["error"]["type"]) == ("UNAUTHENTICATED", None, "99")
    told = shown(capsys, tmp_path)[1]
    for words in (
        "Own/Ask -> 200 INVALID_ARGUMENT\n",
        "\nerror: INVALID_ARGUMENT no model broken\n",
        "GetCompletion -> 200 UNAUTHENTICATED\n",
        "Own/Ask -> 200\n",
        "\nuser:\n  Hi\n",
    ):
        assert words in told


def test_folders_are_searched_and_sorted_and_named_as_given(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    status, out, _ = shown(capsys, "--json", "b", "a.yaml", ".")
    assert status == 0
    named = [(row["file"], row["index"]) for row in rows(out)]
    below = [("b/a.yaml", 0), ("b/deep/z.yml", 0)]
    assert named == [
        *below,
        ("a.yaml", 0),
        ("a.yaml", 1),
        ("./a.yaml", 0),
        ("./a.yaml", 1),
        *((f"./{file}", index) for file, index in below),
    ]


def test_unreadable_files_do_not_hide_the_rest(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "a0.yaml").write_text("interactions: [")
    missing = folder / "missing.yaml"
    status, out, err = shown(capsys, "--json", missing, folder)
    assert status == 1
    assert len(rows(out)) == 4
    assert "a0.yaml" in err
    assert "missing.yaml" in err


def test_an_empty_folder_is_said_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = shown(capsys, tmp_path)
    assert (status, out) == (0, "")
    assert "no cassettes" in err


def test_the_conversation(capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_llmcassette.cli.conversation.find_spec", lambda name: None)
    status, out, _ = shown(capsys, folder / "a.yaml")
    assert status == 0
    assert (
        out
        == f"""\
{folder / "a.yaml"} #0
POST {URL} -> 200
openai.chat · openai · gpt-4o-2024 (asked: gpt-4o) · plain

tools:
  add, web_search
system:
  Be brief.
user:
  What is this?
  [image_url image/png, 6 bytes]
assistant:
  A dot. \\x1b[31mred\\u202e é
  call add (call_1)
    {{
      "a": 1
    }}
  finish reason: tool_calls
usage: 1,200 in (1,000 cached), 5 out, 1,205 total

{folder / "a.yaml"} #1
GET https://api.openai.com/v1/models -> 200
  no LLM call (0 bytes sent, 30 bytes received)

"""
    )


def test_an_error_in_the_conversation(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert "error: 429 rate_limit slow down" in shown(capsys, folder / "b" / "a.yaml")[1]


@pytest.mark.parametrize(
    "asked",
    [
        {"system": "S", "messages": [{"role": "user", "content": [{"type": "tool_result", "content": "T"}]}]},
        {"systemInstruction": {"parts": [{"text": "S"}]}, "contents": [{"role": "user", "parts": [{"text": "T"}]}]},
        {"instructions": "S", "input": [{"type": "function_call_output", "output": "T"}]},
        {"system": [{"text": "S"}], "messages": [{"role": "user", "content": [{"text": "T"}]}]},
        {"instructions": "S", "input": "T"},
    ],
    ids=["anthropic", "gemini", "responses", "converse", "plain input"],
)
def test_requests_of_every_protocol(capsys: pytest.CaptureFixture[str], tmp_path: Path, asked: Any) -> None:
    (tmp_path / "x.yaml").write_text(go_vcr(("POST", URL, json.dumps(asked), 200, json.dumps(ANSWER))))
    lines = shown(capsys, tmp_path / "x.yaml")[1].splitlines()
    assert lines[lines.index("system:") + 1] == "  S"
    assert any(line in ("  T", "  <- T") for line in lines)


@pytest.mark.parametrize("request_body", ["[" * 50_000, '{"messages":' + "[" * 900 + "]" * 900 + "}", "\udcff", "null"])
@pytest.mark.parametrize("answer", ['{"choices":[{"message":{"content":"x"}}],"created":1e300}', "[" * 50_000, "\x00"])
@pytest.mark.parametrize("option", ["--json", ""])
def test_garbage_never_raises(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request_body: Any,
    answer: Any,
    option: str,
) -> None:
    from pytest_llmcassette.cassette.model import Interaction, Request, Response

    made = Interaction(
        request=Request(method="POST", url=URL, body=request_body.encode(errors="surrogateescape")),
        response=Response(body=answer.encode()),
    )
    monkeypatch.setattr(show, "load", lambda path: [made])
    status, out, _ = shown(capsys, *filter(None, [option, tmp_path / "x.yaml"]))
    assert status == 0
    assert out


def test_a_loader_that_fails_in_its_own_way_hides_no_other_file(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_llmcassette.cassette.files import load as real

    def load(path: Path) -> Any:
        if path.name == "a.yaml":
            raise RecursionError("too deep")
        return real(path)

    monkeypatch.setattr(show, "load", load)
    status, out, err = shown(capsys, "--json", folder)
    assert status == 1
    assert [row["file"] for row in rows(out)] == [str(folder / "b" / "deep" / "z.yml")]
    assert err.count("RecursionError: too deep") == 2


def test_a_reported_cost_is_shown_without_a_price_list(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_llmcassette.cli.conversation.find_spec", lambda name: None)
    reported = {**ANSWER, "usage": {**ANSWER["usage"], "cost": 0.25}}
    (folder / "a.yaml").write_text(go_vcr(("POST", URL, json.dumps(ASKED), 200, json.dumps(reported))))
    assert "cost: 0.250000 USD, as the host reported it" in shown(capsys, folder / "a.yaml")[1]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\tb\nc\r\nd", "a\tb\nc\nd"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x00\x7f\x9b\r", "\\x00\\x7f\\x9b\\x0d"),
        ("\u202eevil\u2028\ud800", "\\u202eevil\\u2028\\ud800"),
        ("é 漢 🙂 \u200d", "é 漢 🙂 \u200d"),
    ],
)
def test_nothing_from_the_wire_controls_the_terminal(text: str, safe: str) -> None:
    screen = io.StringIO()
    Terminal(screen).line(text)
    assert screen.getvalue() == safe + "\n"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen, paper = Screen(), io.StringIO()
    Terminal(screen).line("x", "role")
    Terminal(paper).line("x", "role")
    assert (screen.getvalue(), paper.getvalue()) == ("\x1b[1mx\x1b[0m\n", "x\n")
    monkeypatch.setenv("NO_COLOR", "1")
    grey = Screen()
    Terminal(grey).line("x", "role")
    assert grey.getvalue() == "x\n"


COMMAND = [
    sys.executable,
    "-c",
    "import argparse, sys\nfrom pytest_llmcassette.cli import show\np = argparse.ArgumentParser()\n"
    "show.add_arguments(p)\nsys.exit(show.run(p.parse_args()))",
]


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_crash(folder: Path) -> None:
    (folder / "many.yaml").write_text(go_vcr(*[CHAT] * 500))
    with subprocess.Popen(
        [*COMMAND, "--json", str(folder / "many.yaml")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_an_ascii_terminal_gets_escapes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    assert main(["show", str(folder / "a.yaml")]) == 0
    screen.flush()
    assert b"red\\u202e \\xe9" in screen.buffer.getvalue()


def test_all_choices_where_there_are_several(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    choices = [
        {"index": 0, "message": {"content": "one"}, "finish_reason": "stop"},
        {"index": 1, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"},
    ]
    asked = json.dumps({"model": "m", "n": 2, "messages": []}).encode()
    answer = json.dumps({"choices": choices, "service_tier": "flex"}).encode()
    request = Request(method="POST", url=URL, body=asked)
    save(tmp_path / "two.yaml", [Interaction(request=request, response=Response(code=200, body=answer))])
    (row,) = rows(shown(capsys, "--json", tmp_path)[1])
    assert (row["text"], row["tool_calls"], row["service_tier"]) == ("one", [], "flex")
    assert [(one["index"], one["text"], one["finish_reason"]) for one in row["choices"]] == [
        (0, "one", "stop"),
        (1, None, "tool_calls"),
    ]
    assert row["choices"][1]["tool_calls"] == [{"id": "a", "name": "add", "arguments": "{}"}]


def test_a_conversation_turn_by_turn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sound = said({"type": "input_audio_buffer.append", "audio": SOUND64})
    frames = [
        begun(),
        said({"type": "session.update", "session": {"instructions": "Be brief.", "tools": [{"name": "add"}]}}),
        *(sound, sound),
        said({"type": "conversation.item.create", "item": {"role": "user", "content": [{"text": "Hi"}]}}),
        said({"type": "response.create"}),
        created(),
        *spoken("Hello."),
        done(message("Hello."), usage=USAGE),
        created("resp_2"),
        done(message("Bye.", item="b"), response="resp_2", usage=USAGE),
        heard({"type": "conversation.item.input_audio_transcription.completed", "item_id": "u", "transcript": "Hey"}),
    ]
    save(tmp_path / "a.yaml", [session(OPENAI, *frames), session("wss://example.com/", heard(b"\x00"), said("hey"))])
    row, other = rows(shown(capsys, "--json", tmp_path)[1])
    assert (row["protocol"], row["status"], row["text"], row["complete"]) == (
        "openai.realtime",
        101,
        "Hello.\nBye.",
        True,
    )
    assert (row["finish_reason"], row["choices"], row["usage"]["total_tokens"]) == ("completed", None, 506)
    assert [(turn["kind"], turn["text"], turn["id"]) for turn in row["turns"]] == [
        ("chat", "Hello.", "resp_1"),
        ("chat", "Bye.", "resp_2"),
        ("transcription", "Hey", None),
    ]
    assert [turn["usage"] and turn["usage"]["audio_output_tokens"] for turn in row["turns"]] == [91, 91, None]
    assert [one["size"] for one in row["turns"][0]["media"]] == [8]
    assert (other["protocol"], other["turns"], other["kind"]) == (None, None, None)
    seen = shown(capsys, tmp_path)[1]
    words = ["openai.realtime · openai · gpt-realtime · 3 turns", "Be brief.", "[audio, 8 bytes in 2 messages]", "Hi"]
    words += [
        "assistant (turn 1):",
        "Hello.",
        "audio/pcm, 8 bytes",
        "assistant (turn 2):",
        "Bye.",
        "user (transcription):",
    ]
    places = [seen.index(word) for word in words]
    assert places == sorted(places)
    assert "no LLM call (3 bytes sent, 1 bytes received)" in seen
    assert SOUND64 not in seen

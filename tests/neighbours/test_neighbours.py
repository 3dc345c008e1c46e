"""pytest-recording or cassetter installed beside ours: both plugins' tests record and replay in one session.

Run by `tox run -e neighbours`, once with each; skipped where neither is installed, as their fixtures would get into
the way of other tests.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import pytest

from embedded_provider import EmbeddedProvider

NEIGHBOURS = {"pytest-recording": "recording", "cassetter": "cassetter"}
"""Distribution and plugin name."""

PRESENT = [plugin for name, plugin in NEIGHBOURS.items() if list(importlib.metadata.distributions(name=name))]
if not PRESENT:
    pytest.skip("neither pytest-recording nor cassetter is installed", allow_module_level=True)

TESTS = """
import os
import openai
import pytest

def ask(text):
    client = openai.OpenAI(base_url=os.environ["URL"] + "/v1", api_key=os.environ.get("KEY", "none"))
    asked = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="tiny-1", messages=asked).choices[0].message.content

@pytest.mark.cassette
def test_ours(llm_cassette):
    assert ask("Count to five") == llm_cassette.transcript.text

@pytest.mark.vcr
def test_theirs():
    assert ask("Say hi in Portuguese") == "Olá! Tudo bem? 👋"
"""


@pytest.fixture
def provider() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(pause=0) as provider:
        yield provider


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, provider: EmbeddedProvider) -> pytest.Pytester:
    monkeypatch.setenv("URL", provider.url)
    monkeypatch.setenv("KEY", provider.api_key)
    monkeypatch.setenv("PYTHONUTF8", "1")
    pytester.makepyfile(test_both=TESTS)
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def test_both_record_and_replay_in_one_session(suite: pytest.Pytester, provider: EmbeddedProvider) -> None:
    run(suite, "--record-mode=once").assert_outcomes(passed=2)
    assert provider.requests == 2
    run(suite, "--record-mode=none").assert_outcomes(passed=2)
    run(suite).assert_outcomes(passed=2)
    assert provider.requests == 2


def test_a_mode_may_stand_after_a_space(suite: pytest.Pytester, provider: EmbeddedProvider) -> None:
    run(suite, "--record-mode", "once", "test_both.py").assert_outcomes(passed=2)
    run(suite, "--record-mode", "none").assert_outcomes(passed=2)
    assert provider.requests == 2


def test_our_own_flag_leaves_the_neighbour_alone(suite: pytest.Pytester, provider: EmbeddedProvider) -> None:
    run(suite, "--record-mode=once").assert_outcomes(passed=2)
    run(suite, "--llmcassette-record-mode=rewrite", "--record-mode=none").assert_outcomes(passed=2)
    assert provider.requests == 3


@pytest.mark.parametrize("plugin", PRESENT)
def test_a_blocked_neighbour_leaves_us_the_flag(suite: pytest.Pytester, plugin: str) -> None:
    blocked = ("-p", f"no:{plugin}", "-k", "test_ours")
    run(suite, *blocked, "--record-mode=once").assert_outcomes(passed=1, deselected=1)
    run(suite, *blocked).assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize("plugin", PRESENT)
def test_ours_blocked_leaves_the_neighbour_whole(suite: pytest.Pytester, plugin: str) -> None:
    blocked = ("-p", "no:llmcassette", "-k", "test_theirs")
    run(suite, *blocked, "--record-mode=once").assert_outcomes(passed=1, deselected=1)
    run(suite, *blocked, "--record-mode=none").assert_outcomes(passed=1, deselected=1)


def test_under_xdist(suite: pytest.Pytester, provider: EmbeddedProvider) -> None:
    run(suite, "-n2", "--record-mode=once").assert_outcomes(passed=2)
    run(suite, "-n2").assert_outcomes(passed=2)
    assert provider.requests == 2


def test_help_shows_the_flag_once(suite: pytest.Pytester) -> None:
    result = run(suite, "--help")
    assert result.ret == 0
    assert sum(line.startswith("  --record-mode") for line in result.outlines) == 1


def test_a_mode_that_neither_knows_is_an_error_of_one_line(suite: pytest.Pytester) -> None:
    result = run(suite, "--record-mode=sometimes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


@pytest.mark.skipif("cassetter" not in PRESENT, reason="verify is a mode of cassetter's")
def test_a_mode_of_theirs_replays_ours(suite: pytest.Pytester, provider: EmbeddedProvider) -> None:
    run(suite, "--record-mode=once").assert_outcomes(passed=2)
    result = run(suite, "--record-mode=verify")
    # Theirs goes live to compare, ours does not.
    assert provider.requests == 3
    assert result.parseoutcomes()["passed"] >= 1
    result.stdout.fnmatch_lines(["--record-mode=verify is another plugin's mode: 1 test of pytest-llmcassette ran *"])


def test_one_test_with_both_marks_is_an_error(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_both=TESTS.replace("@pytest.mark.vcr", "@pytest.mark.vcr\n@pytest.mark.cassette"))
    result = run(suite, "--record-mode=once")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = result.stdout.str() + result.stderr.str()
    assert "test_theirs" in said
    assert "vcr" in said

"""How a failed comparison looks in pytest's output, which cuts explanations after eight lines."""

from __future__ import annotations

import re

import pytest
from plugin.suite import run, said

TEST = """
import os

def test_hi(llm_snapshot):
    from pytest_llmcassette.protocols.transcript import Choice, Text, Transcript

    words = Text(text=os.environ["WORDS"])
    choice = Choice(index=0, parts=(words,), finish_reason="stop")
    answer = Transcript(protocol="openai.chat", provider="openai", stream=False, choices=(choice,), complete=True)
    assert answer == llm_snapshot
"""
ADVICE = "If the new is as it should be, accept it: pytest --snapshot-update"


@pytest.fixture
def before_and_after(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Accept some words, then compare others."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(TEST)

    def compare(accepted: str, words: str, *arguments: str) -> str:
        monkeypatch.setenv("WORDS", accepted)
        run(pytester, "--snapshot-update").assert_outcomes(passed=1)
        monkeypatch.setenv("WORDS", words)
        result = run(pytester, *arguments)
        result.assert_outcomes(failed=1)
        return said(result)

    return compare


def explanation(shown: str) -> list[str]:
    """The lines of the assertion's explanation, after `assert ...`."""
    return [line[1:].strip() for line in shown.splitlines() if line.startswith("E ")][1:]


@pytest.mark.parametrize("color", ["no", "yes"])
def test_a_small_difference_is_the_explanation(before_and_after, color: str) -> None:  # type: ignore[no-untyped-def]
    shown = before_and_after("Oi!\nTudo bem?", "Oi!\nTudo ótimo?", f"--color={color}")
    assert explanation(shown) == ["answer: openai.chat", "text:", "-     | Tudo bem?", "+     | Tudo ótimo?", ADVICE]
    assert "llm_snapshot: -" not in shown


@pytest.mark.parametrize("color", ["no", "yes"])
def test_of_many_changes_the_first_come_first_and_all_are_shown(  # type: ignore[no-untyped-def]
    before_and_after, color: str
) -> None:
    before = [f"line {number}" for number in range(40)]
    after = [f"{line} changed" if index % 2 else line for index, line in enumerate(before)]
    shown = before_and_after("\n".join(before), "\n".join(after), f"--color={color}")
    assert explanation(shown)[:2] == ["-     | line 1", "+     | line 1 changed"]
    assert explanation(shown)[-2:] == ["40 lines changed; the whole difference is below.", ADVICE]
    below = shown[shown.index("llm_snapshot: - as accepted, + as it is now") :]
    assert re.findall(r"^- +\| (line \d+)$", below, re.MULTILINE) == before[1::2]
    assert re.findall(r"^\+ +\| (line \d+ changed)$", below, re.MULTILINE) == after[1::2]
    assert "truncated" not in shown


def test_a_long_line_is_shown_where_it_differs_and_whole(before_and_after) -> None:  # type: ignore[no-untyped-def]
    shown = before_and_after("word " * 200 + "bem", "word " * 200 + "ótimo")
    old, new, *_ = explanation(shown)
    assert old.startswith("-     ...")
    assert old.endswith("word bem")
    assert new.endswith("word ótimo")
    assert "| " + "word " * 200 + "ótimo" in shown


def test_locals_hold_no_snapshot(before_and_after) -> None:  # type: ignore[no-untyped-def]
    shown = before_and_after("Oi!", "Olá!", "-l")
    assert "llm_snapshot = <llm_snapshot of test_hi>" in shown
    assert shown.count("| Oi!") == 1


@pytest.mark.slow
def test_workers_show_it_too(before_and_after, pytester: pytest.Pytester) -> None:  # type: ignore[no-untyped-def]
    before_and_after("a\n" * 30, "b\n" * 30)
    result = pytester.runpytest_subprocess("-n1", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    assert said(result).count("llm_snapshot: - as accepted") == 1

"""Misses where pytest has one line for each: its summary, JUnit's message, and one line of advice for all of them."""

from __future__ import annotations

import re
import shlex
from xml.etree import ElementTree

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said, slow

pytestmark = ANY_TRANSPORT

TESTS = """
@pytest.mark.cassette
@pytest.mark.parametrize("n", range(3))
def test_ask(n):
    ask(os.environ.get("WORDS", "hi") + str(n))
    if "MORE" in os.environ:
        ask("more")

@pytest.mark.cassette
def test_shown({snapshot}):
    ask(os.environ.get("WORDS", "hi"))
    {compare}

def test_other():
    assert "FAIL" not in os.environ
"""
PLAIN = TESTS.format(snapshot="", compare="")
SHOWN = TESTS.format(snapshot="llm_cassette, llm_snapshot", compare="assert llm_cassette == llm_snapshot")
CACHE = ("cacheprovider",)


def advice(result: pytest.RunResult) -> list[str]:
    return re.findall(r".*sent requests that are not recorded.*", said(result))


@pytest.mark.parametrize(
    ("tests", "changed", "command"),
    [
        slow(PLAIN, None, "pytest --lf --record-mode=once"),
        pytest.param(PLAIN, "WORDS", "pytest --lf --record-mode=rewrite", marks=pytest.mark.slow),
        pytest.param(SHOWN, None, "pytest --lf --record-mode=once --snapshot-update", marks=pytest.mark.slow),
        (SHOWN, "WORDS", "pytest --lf --record-mode=rewrite --snapshot-update"),
    ],
)
def test_one_command_for_all_misses(suite: Suite, tests: str, changed: str | None, command: str) -> None:
    suite.test(tests)
    if changed is not None:
        suite.run("--record-mode=once", "--snapshot-update", wanted=CACHE).assert_outcomes(passed=5)
        suite.pytester._monkeypatch.setenv(changed, "changed")
    result = suite.run(wanted=CACHE)
    result.assert_outcomes(passed=1, failed=4)
    assert advice(result) == [f"4 tests sent requests that are not recorded: {command}"]
    again = suite.run(*shlex.split(command)[1:], wanted=CACHE)
    assert outcomes(again)["passed"] == 4
    assert advice(again) == []
    suite.run(wanted=CACHE).assert_outcomes(passed=5)


def test_requests_on_top_are_added(suite: Suite) -> None:
    suite.test(PLAIN)
    suite.run("--record-mode=once", wanted=CACHE).assert_outcomes(passed=5)
    suite.pytester._monkeypatch.setenv("MORE", "1")
    result = suite.run("test_it.py", wanted=CACHE)
    command = "pytest test_it.py --lf --record-mode=new_episodes"
    assert advice(result) == [f"3 tests sent requests that are not recorded: {command}"]
    calls = suite.server.calls
    suite.run(*shlex.split(command)[1:], wanted=CACHE)
    assert suite.server.calls == calls + 3
    suite.run(wanted=CACHE).assert_outcomes(passed=5)


def test_only_what_is_true_is_said(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.test(PLAIN)
    assert advice(suite.run()) == [
        "4 tests sent requests that are not recorded; each failure names the command that records it"
    ]
    assert advice(suite.run("-k", "shown", wanted=CACHE)) == []
    monkeypatch.setenv("FAIL", "1")
    [line] = advice(suite.run(wanted=CACHE))
    assert line.endswith("--record-mode=once (runs 1 other failed test, too)")


def test_the_summary_has_the_request_and_the_cause_in_80_columns(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    suite.test(PLAIN)
    summary = re.findall(r"^FAILED .*", said(suite.run()), re.MULTILINE)
    assert summary[-1] == "FAILED test_it.py::test_shown - RequestNotRecorded: no cassette: POST /ask"
    suite.run("--record-mode=once")
    monkeypatch.setenv("WORDS", "changed")
    shown = said(suite.run("-k", "shown", "--junitxml=result.xml"))
    [line] = re.findall(r"^FAILED .*", shown, re.MULTILINE)
    assert line == "FAILED test_it.py::test_shown - RequestNotRecorded: say differs: POST /ask"
    assert "pytest_llmcassette.RequestNotRecorded: test_it.py::test_shown sent POST" in shown
    [failure] = ElementTree.parse(suite.path / "result.xml").iter("failure")
    assert failure.attrib["message"].startswith("RequestNotRecorded: say differs: POST /ask")
    assert "Record it: pytest" in failure.attrib["message"]


def test_what_a_test_that_passed_is_failed_for_is_in_the_summary_too(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    suite.test(
        """
        @pytest.mark.cassette
        def test_less():
            ask()
            if "LESS" not in os.environ:
                ask("more")

        @pytest.mark.cassette
        def test_swallows():
            try:
                ask(os.environ.get("LESS", "hi"))
            except BaseException:
                pass

        @pytest.mark.cassette
        def test_silent():
            if "LESS" not in os.environ:
                ask()

        # Fails by itself, for what may well come of the miss.
        @pytest.mark.cassette
        def test_gives_up():
            test_swallows()
            assert "LESS" not in os.environ
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=4)
    monkeypatch.setenv("LESS", "less")
    shown = said(suite.run())
    assert re.findall(r"^FAILED .*", shown, re.MULTILINE) == [
        "FAILED test_it.py::test_less - 1 interaction unplayed: POST /ask",
        "FAILED test_it.py::test_swallows - swallowed RequestNotRecorded: say differs:...",
        "FAILED test_it.py::test_silent - no request was intercepted",
        "FAILED test_it.py::test_gives_up - RequestNotRecorded: say differs: POST /ask",
    ]
    assert re.search(r"(?s)refused before that -+\ntest_it.py::test_gives_up sent POST .*Record it: pytest", shown)


def test_no_command_that_takes_a_passing_test_its_recording(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette("shared")
        def test_first(): ask("hi")
        """
    )
    suite.run("--record-mode=once", wanted=CACHE).assert_outcomes(passed=1)
    suite.test(
        """
        pytestmark = pytest.mark.cassette("shared")
        def test_first(): ask("hi")
        def test_second(): ask("two")
        def test_third(): ask("three")
        """
    )
    result = suite.run(wanted=CACHE)
    result.assert_outcomes(passed=1, failed=2)
    assert advice(result) == [
        "2 tests sent requests that are not recorded; each failure names the command that records it"
    ]
    assert "2 of them share a cassette with tests that pass" in said(result)

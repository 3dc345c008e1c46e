"""The end of a run with many red tests: why, each once; what nobody played; which tests were renamed."""

from __future__ import annotations

import re
import shlex

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, said
from pytest_llmcassette.cli import main

pytestmark = ANY_TRANSPORT

CACHE = ("cacheprovider",)
TESTS = """
NEW = "NEW" in os.environ

@pytest.mark.cassette
@pytest.mark.parametrize("n", range(3))
def test_value(n):
    ask("after" if NEW else "before")

@pytest.mark.cassette
def test_path():
    ask(path="/b" if NEW else "/a")

@pytest.mark.cassette
@pytest.mark.parametrize("n", range(2))
def test_less(n):
    ask("one")
    if not NEW:
        ask("two")
        ask("three")

@pytest.mark.cassette
def test_more():
    ask("more")
    if NEW:
        ask("more")

@pytest.mark.cassette
def test_silent():
    if not NEW:
        ask()

@pytest.mark.cassette
def test_own():
    ask()
    assert not NEW

@pytest.mark.cassette
def test_urllib():
    ask()
    if NEW:
        import urllib.request
        urllib.request.urlopen(os.environ["SERVER"])

@pytest.mark.cassette
def test_green():
    ask()
"""


def lines_from(result: pytest.RunResult, start: str) -> list[str]:
    """The lines of the section from one that matches on, up to what pytest says next."""
    lines = said(result).splitlines()
    first = next((number for number, line in enumerate(lines) if re.search(start, line)), len(lines))
    last = next((number for number, line in enumerate(lines[first:], first) if re.match("[=-]{3}", line)), len(lines))
    return lines[first:last]


def test_every_red_test_is_in_one_group(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.test(TESTS)
    assert suite.run("--record-mode=once").ret == 0
    suite.test(
        """
        pytestmark = pytest.mark.cassette
        def test_unrecorded(): ask()
        """,
        "test_new.py",
    )
    monkeypatch.setenv("NEW", "1")
    result = suite.run()
    result.assert_outcomes(failed=11, passed=1)
    assert lines_from(result, "red tests that use a cassette") == [
        "11 red tests that use a cassette:",
        '  3 tests: say differs; ignore_json = ["say"] for this suite, or record again',
        "  1 test: url path differs; leave it out with match_on, or record again",
        "  2 tests: 2 files hold 4 interactions that no test asks for: llmcassette prune, when the other red tests are "
        "mended",
        "  1 test: sent again what is recorded once and was played: allow_repeats=True, or record again",
        "  1 test: made no request that was intercepted: allow_no_calls=True, or remove the mark",
        "  1 test: stopped (NotIntercepted): each failure says why",
        "  1 test: not recorded: record, or see where llmcassette_path looks",
        "  1 test: for reasons that have nothing to do with a cassette",
        "To let through what differs today and nothing new: pytest --cassette-baseline=FILE --cassette-baseline-update",
    ]
    assert lines_from(suite.run("-k", "path"), "red tests") == []


PLAYED = """
NEW = "NEW" in os.environ

@pytest.mark.cassette("shared", allow_unplayed=True)
@pytest.mark.parametrize("n", range(2))
def test_shared(n):
    ask(str(n))
    if not NEW:
        ask("both")

@pytest.mark.cassette
@pytest.mark.parametrize("n", range(2))
def test_dead(n):
    ask("kept")
    if not NEW:
        ask("dead")

@pytest.mark.cassette
def test_expected():
    ask("one")
    if NEW:
        pytest.xfail("later")
    ask("two")

@pytest.mark.cassette
def test_other():
    ask()
    assert "RED" not in os.environ
"""


def prune(suite: Suite, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.chdir(suite.path)
    return main(["prune", *arguments])


@pytest.mark.slow
def test_prune_after_a_whole_run(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite.test(PLAYED)
    assert suite.run("--record-mode=new_episodes").ret == 0
    monkeypatch.setenv("NEW", "1")
    monkeypatch.setenv("RED", "1")
    suite.run(wanted=CACHE).assert_outcomes(failed=3, passed=2, xfailed=1)
    capsys.readouterr()
    assert prune(suite, monkeypatch, "--write") == 2
    assert "test_it.py::test_other failed for another reason" in capsys.readouterr().err
    monkeypatch.delenv("RED")
    result = suite.run(wanted=CACHE)
    result.assert_outcomes(failed=2, passed=3, xfailed=1)
    assert "  2 tests: 3 files hold 3 interactions that no test asks for: llmcassette prune\n" in said(result)
    suite.run("-k", "other", wanted=CACHE)
    capsys.readouterr()
    assert prune(suite, monkeypatch, "--write") == 1
    shown = capsys.readouterr().out.splitlines()
    assert [line for line in shown if not line.startswith("  ")] == [
        "cassettes/shared.yaml: 1 interaction of 3",
        "cassettes/test_it/test_dead[0].yaml: 1 interaction of 2",
        "cassettes/test_it/test_dead[1].yaml: 1 interaction of 2",
        "left: cassettes/test_it/test_expected.yaml: test_it.py::test_expected uses it, and was skipped or failed as "
        "expected",
        "3 interactions dropped (3 files)",
    ]
    calls = suite.server.calls
    suite.run().assert_outcomes(passed=5, xfailed=1)
    assert suite.server.calls == calls


RENAMED = """
@pytest.mark.cassette
def test_{name}(llm_cassette, llm_snapshot):
    ask("something")
    assert llm_cassette == llm_snapshot

@pytest.mark.cassette
@pytest.mark.parametrize("n", ["a", "b"])
class TestClass:
    def test_{name}(self, n):
        ask(n)

@pytest.mark.cassette
def test_stays():
    ask("stays")
"""


@pytest.mark.parametrize(
    "arguments", [(), pytest.param(("test_it.py",), marks=pytest.mark.slow)], ids=["whole", "file"]
)
def test_a_renamed_test_is_told_what_to_move(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    suite.test(RENAMED.format(name="old"))
    assert suite.run("--record-mode=once", "--snapshot-update").ret == 0
    suite.test(RENAMED.format(name="renamed"))
    calls = suite.server.calls
    result = suite.run(*arguments)
    result.assert_outcomes(failed=3, passed=1)
    told = lines_from(result, "lies in a cassette that no test used")
    assert told[0] == (
        "3 tests ask for what lies in a cassette that no test used. If renamed, move it along, before "
        "--snapshot-update deletes its snapshots:"
    )
    commands = [line.split() for line in told if "llmcassette move" in line]
    assert len(commands) == 3
    monkeypatch.chdir(suite.path)
    for line in told:
        if "llmcassette move" in line:
            assert main(shlex.split(line)[1:]) == 0
    suite.run().assert_outcomes(passed=4)
    assert suite.server.calls == calls
    assert suite.cassettes() == [
        "cassettes/test_it/TestClass.test_renamed[a].yaml",
        "cassettes/test_it/TestClass.test_renamed[b].yaml",
        "cassettes/test_it/test_renamed.yaml",
        "cassettes/test_it/test_stays.yaml",
    ]
    suite.test(RENAMED.format(name="again"))
    assert lines_from(suite.run("-k", "again"), "lies in a cassette") == []

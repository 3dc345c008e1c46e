"""When a recording is kept, and what is left when it is not."""

from __future__ import annotations

import pytest

from plugin.suite import Suite, outcomes, said

FILE = "cassettes/test_it/test_ask.yaml"

KEPT = {
    "passed": ("", "", {"passed": 1}),
    "xpassed": ("@pytest.mark.xfail", "", {"xpassed": 1}),
}
DISCARDED = {
    "failed": ("", "assert False", {"failed": 1}),
    "error in the body": ("", "raise KeyError('x')", {"failed": 1}),
    "skipped on the way": ("", "pytest.skip('no')", {"skipped": 1}),
    "expected to fail": ("@pytest.mark.xfail", "assert False", {"xfailed": 1}),
    "strict xpass": ("@pytest.mark.xfail(strict=True)", "", {"failed": 1}),
    "another assertion after a mismatch": ("", "same = 'x' == llm_snapshot\n    assert 1 == 2", {"failed": 1}),
    "exception after a mismatch": ("", "same = 'x' == llm_snapshot\n    raise KeyError(same)", {"failed": 1}),
}

TEST = """
{decorator}
@pytest.mark.cassette
def test_ask(llm_snapshot):
    ask("new")
    {then}
"""


@pytest.mark.parametrize(("decorator", "then", "expected"), KEPT.values(), ids=KEPT)
def test_kept(suite: Suite, decorator: str, then: str, expected: dict[str, int]) -> None:
    suite.test(TEST.format(decorator=decorator, then=then))
    result = suite.run("--record-mode=once")
    assert outcomes(result) == expected
    assert suite.cassettes() == [FILE]
    assert "recording discarded" not in said(result)


@pytest.mark.parametrize(("decorator", "then", "expected"), DISCARDED.values(), ids=DISCARDED)
def test_discarded(suite: Suite, decorator: str, then: str, expected: dict[str, int]) -> None:
    suite.test(TEST.format(decorator=decorator, then=then))
    old = suite.file(FILE, "version: 2\ninteractions: []\n")
    result = suite.run("--record-mode=rewrite")
    assert outcomes(result) == expected
    assert suite.server.calls == 1
    assert old.read_text() == "version: 2\ninteractions: []\n"
    [line] = [line for line in said(result).splitlines() if "recording discarded" in line]
    assert FILE in line
    assert suite.litter() == []


FIXTURE = """
@pytest.fixture
def broken():
    {before}
    yield
    {after}

@pytest.mark.cassette
def test_ask(broken):
    ask()
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("ask('early'); assert False", "", {"errors": 1}),
        ("ask('early'); pytest.skip('no')", "", {"skipped": 1}),
        ("", "assert False", {"passed": 1, "errors": 1}),
    ],
)
def test_discarded_for_a_fixture(suite: Suite, before: str, after: str, expected: dict[str, int]) -> None:
    suite.test(FIXTURE.format(before=before, after=after))
    result = suite.run("--record-mode=once")
    assert outcomes(result) == expected
    assert suite.cassettes() == []
    assert said(result).count("recording discarded") == 1


SNAPSHOT = """
@pytest.mark.cassette
def test_ask(llm_snapshot{fixture}):
    assert ask() == llm_snapshot
    {then}
"""


def test_a_missing_snapshot_alone_does_not_cost_the_recording(suite: Suite) -> None:
    suite.test(SNAPSHOT.format(fixture="", then=""))
    first = suite.run("--record-mode=once")
    assert outcomes(first) == {"failed": 1}
    assert suite.cassettes() == [FILE]
    assert "recording discarded" not in said(first)
    suite.run("--snapshot-update").assert_outcomes(passed=1)
    assert suite.run().ret == 0
    assert suite.server.calls == 1


def test_recording_and_accepting_in_one_run(suite: Suite) -> None:
    suite.test(SNAPSHOT.format(fixture="", then=""))
    suite.run("--record-mode=once", "--snapshot-update").assert_outcomes(passed=1)
    assert suite.run().ret == 0


def test_a_changed_answer_keeps_the_new_recording_and_the_old_snapshot(suite: Suite) -> None:
    suite.test(SNAPSHOT.format(fixture="", then=""))
    suite.run("--record-mode=once", "--snapshot-update").assert_outcomes(passed=1)
    suite.run("--record-mode=rewrite").assert_outcomes(failed=1)
    assert "answer 2" in (suite.path / FILE).read_text()
    suite.run().assert_outcomes(failed=1)
    suite.run("--snapshot-update").assert_outcomes(passed=1)
    assert suite.run().ret == 0
    assert suite.server.calls == 2


@pytest.mark.parametrize("then", ["assert False", "ask('again'); raise KeyError"])
def test_a_test_that_fails_writes_neither_recording_nor_snapshot(suite: Suite, then: str) -> None:
    """syrupy alone would write the snapshot, which no recording would then match."""
    suite.test(SNAPSHOT.format(fixture="", then=then))
    suite.run("--record-mode=once", "--snapshot-update").assert_outcomes(failed=1)
    assert suite.cassettes() == []
    assert list(suite.path.rglob("*.ambr")) == []


def test_withdrawn_snapshots_leave_those_of_other_tests(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("good", [True, False])
        def test_ask(llm_snapshot, good):
            assert ask() == llm_snapshot
            assert good

        def test_plain(snapshot):
            assert "plain" == snapshot
        """
    )
    suite.run("--record-mode=once", "--snapshot-update").assert_outcomes(passed=2, failed=1)
    [text] = [file.read_text() for file in suite.path.rglob("*.ambr")]
    assert "# name: test_ask[True]" in text
    assert "# name: test_plain" in text
    assert "test_ask[False]" not in text


def test_a_fixture_that_fails_after_an_update_withdraws_it(suite: Suite) -> None:
    fixture = "@pytest.fixture\ndef broken():\n    yield\n    assert False\n"
    suite.test(fixture + SNAPSHOT.format(fixture=", broken", then=""))
    suite.run("--record-mode=once", "--snapshot-update").assert_outcomes(passed=1, errors=1)
    assert suite.cassettes() == []
    assert list(suite.path.rglob("*.ambr")) == []


def test_an_exceeded_budget_keeps_the_recording(suite: Suite) -> None:
    suite.test(
        """
        import httpx

        @pytest.mark.llm_budget(output_tokens=1)
        @pytest.mark.cassette
        def test_ask():
            asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
            httpx.post(os.environ["SERVER"] + "/v1/chat/completions", json=asked)
        """
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"failed": 1}
    assert "llm_budget" in said(result)
    assert suite.cassettes() == [FILE]
    assert "recording discarded" not in said(result)


def test_a_write_that_fails_is_an_error_of_that_test(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask(): ask()\n\ndef test_next(): pass\n")
    suite.file("cassettes", "a file where a folder should be")
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"passed": 2, "errors": 1}
    assert "ERROR test_it.py::test_ask" in said(result)
    assert "cassettes" in said(result)
    assert "INTERNALERROR" not in said(result)
    assert (suite.path / "cassettes").read_text() == "a file where a folder should be"


@pytest.mark.slow
def test_ctrl_c_leaves_the_old_file(suite: Suite) -> None:
    suite.test(TEST.format(decorator="", then="raise KeyboardInterrupt"))
    old = suite.file(FILE, "version: 2\ninteractions: []\n")
    result = suite.run_alone("--record-mode=rewrite")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert suite.server.calls == 1
    assert old.read_text() == "version: 2\ninteractions: []\n"
    assert list(old.parent.iterdir()) == [old]


def test_another_test_after_a_failed_one_is_not_touched(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("n", range(4))
        def test_ask(n):
            ask(str(n))
            assert n % 2
        """
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"passed": 2, "failed": 2}
    assert suite.cassettes() == ["cassettes/test_it/test_ask[1].yaml", "cassettes/test_it/test_ask[3].yaml"]
    assert said(result).count("recording discarded") == 2


def test_retried_failures_are_left_out(suite: Suite) -> None:
    suite.server.failures = 1
    suite.test(
        """
        @pytest.mark.cassette
        def test_ask(llm_cassette):
            while ask() == "later":
                pass
            assert len(llm_cassette.requests) == 1
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    assert suite.server.calls == 2
    assert "503" not in (suite.path / FILE).read_text()
    suite.run().assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n1", marks=pytest.mark.slow)])
def test_a_test_that_stops_at_a_miss_keeps_its_snapshots(suite: Suite, workers: str) -> None:
    text = """
    import os

    @pytest.mark.cassette
    def test_ask(llm_cassette, llm_snapshot):
        ask("{asked}")
        assert llm_cassette == llm_snapshot

    def test_other():
        pass
    """
    suite.test(text.format(asked="old"))
    first = suite.run("--record-mode=once", "--snapshot-update", wanted=("xdist",))
    assert outcomes(first) == {"passed": 2}
    [file] = suite.pytester.path.rglob("*.ambr")
    accepted = file.read_text()
    assert "old" in accepted

    suite.test(text.format(asked="new"))
    result = suite.run("--snapshot-update", workers, wanted=("xdist",))
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert file.read_text() == accepted
    assert "unused" not in said(result)

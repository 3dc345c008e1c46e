"""What a failed comparison with a snapshot leaves of recording and snapshots, and what any other failure does."""

from __future__ import annotations

import re

import pytest

from plugin.suite import ANY_TRANSPORT, SUBTESTS, Suite, outcomes, said, slow

pytestmark = ANY_TRANSPORT

FILE = "cassettes/test_it/test_ask.yaml"


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


COMPARED = """
import unittest
pytestmark = pytest.mark.cassette

def test_plain(llm_snapshot):
    assert ask() == llm_snapshot

def test_subtest(subtests, llm_snapshot):
    with subtests.test():
        assert ask() == llm_snapshot

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _snapshot(self, llm_snapshot):
        self.snapshot = llm_snapshot

    def test_equal(self):
        self.assertEqual(ask(), self.snapshot)

    def test_sub_test(self):
        with self.subTest():
            self.assertEqual(ask(), self.snapshot)
"""


def test_a_changed_answer_keeps_the_new_recording_and_the_old_snapshot(suite: Suite) -> None:
    """However it was compared."""
    suite.test(SUBTESTS + COMPARED)
    recorded = suite.run("--record-mode=once", "--snapshot-update")
    assert recorded.ret == 0, said(recorded)
    changed = suite.run("--record-mode=rewrite")
    assert "recording discarded" not in said(changed)
    for file in suite.cassettes():
        assert re.search("answer [5-8]", (suite.path / file).read_text())
    assert outcomes(suite.run())["failed"] >= 4
    suite.run("--snapshot-update")
    assert suite.run().ret == 0
    assert suite.server.calls == 8


@pytest.mark.parametrize("then", [slow("assert False"), "ask('again'); raise KeyError"])
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

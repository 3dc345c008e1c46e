"""When a recording is kept, and what is left when it is not."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from plugin.suite import ANY_TRANSPORT, SUBTESTS, Suite, outcomes, said

FILE = "cassettes/test_it/test_ask.yaml"

KEPT = {
    "passed": ("", "", {"passed": 1}),
    "xpassed": ("@pytest.mark.xfail", "", {"xpassed": 1}),
    "skipped on the way": ("", "pytest.skip('no')", {"skipped": 1}),
    "expected to fail": ("@pytest.mark.xfail", "assert False", {"xfailed": 1}),
    "expected by what it raises": ("@pytest.mark.xfail(raises=KeyError, strict=True)", "{}[0]", {"xfailed": 1}),
    "expected on the way": ("", "pytest.xfail('known')", {"xfailed": 1}),
    "strict xpass": ("@pytest.mark.xfail(strict=True)", "", {"failed": 1}),
}
DISCARDED = {
    "failed": ("", "assert False", {"failed": 1}),
    "error in the body": ("", "raise KeyError('x')", {"failed": 1}),
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


@ANY_TRANSPORT
def test_kept(suite: Suite) -> None:
    expected: Counter[str] = Counter()
    for number, (decorator, then, outcome) in enumerate(KEPT.values()):
        suite.test(TEST.format(decorator=decorator, then=then), f"test_{number}.py")
        expected.update(outcome)
    result = suite.run("--record-mode=once")
    assert outcomes(result) == expected
    assert suite.cassettes() == [f"cassettes/test_{number}/test_ask.yaml" for number in range(len(KEPT))]
    assert "recording discarded" not in said(result)
    assert outcomes(suite.run()) == expected
    assert suite.server.calls == len(KEPT)


@ANY_TRANSPORT
def test_discarded(suite: Suite) -> None:
    expected: Counter[str] = Counter()
    for number, (decorator, then, outcome) in enumerate(DISCARDED.values()):
        suite.test(TEST.format(decorator=decorator, then=then), f"test_{number}.py")
        suite.file(f"cassettes/test_{number}/test_ask.yaml", "version: 2\ninteractions: []\n")
        expected.update(outcome)
    result = suite.run("--record-mode=rewrite")
    assert outcomes(result) == expected
    assert suite.server.calls == len(DISCARDED)
    lines = [line for line in said(result).splitlines() if "recording discarded" in line]
    assert len(lines) == len(DISCARDED)
    for file, line in zip(suite.cassettes(), lines, strict=True):
        assert file in line
        assert (suite.path / file).read_text() == "version: 2\ninteractions: []\n"
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
        ("", "assert False", {"passed": 1, "errors": 1}),
    ],
)
@ANY_TRANSPORT
def test_discarded_for_a_fixture(suite: Suite, before: str, after: str, expected: dict[str, int]) -> None:
    suite.test(FIXTURE.format(before=before, after=after))
    result = suite.run("--record-mode=once")
    assert outcomes(result) == expected
    assert suite.cassettes() == []
    assert said(result).count("recording discarded") == 1


@ANY_TRANSPORT
def test_what_ends_as_declared_is_kept_and_replays_alike(suite: Suite) -> None:
    """Fixtures and unittest's ways; what the recording holds beyond the end is nobody's fault."""
    suite.test(
        """
        import unittest
        pytestmark = pytest.mark.cassette

        @pytest.fixture
        def needs_model():
            if "none" not in ask("early"):
                pytest.skip("no such model")

        def test_skipped_by_a_fixture(needs_model):
            ask("never")

        @pytest.fixture
        def skips_late():
            yield
            ask("bye")
            pytest.skip("nothing to clean up")

        def test_skipped_in_a_teardown(skips_late):
            ask()

        def test_stops_early():
            ask()
            if "EARLY" in os.environ:
                pytest.skip("enough")
            ask("more")

        class TestCase(unittest.TestCase):
            @unittest.expectedFailure
            def test_expected_failure(self):
                assert ask() == "never"

            @unittest.expectedFailure
            def test_unexpected_success(self):
                ask()

            def test_skips(self):
                ask()
                self.skipTest("no")
        """
    )
    recorded = suite.run("--record-mode=once")
    assert outcomes(recorded) == {"failed": 1, "passed": 2, "skipped": 3, "xfailed": 1}
    assert "recording discarded" not in said(recorded)
    assert len(suite.cassettes()) == 6
    calls = suite.server.calls
    assert outcomes(suite.run()) == outcomes(recorded)
    suite.pytester._monkeypatch.setenv("EARLY", "1")
    assert outcomes(suite.run()) == {"failed": 1, "passed": 1, "skipped": 4, "xfailed": 1}
    assert suite.server.calls == calls


"""pytest has its own since version 9."""


REFUSED = """
import unittest
pytestmark = pytest.mark.cassette
xfail = pytest.mark.xfail

@xfail
def test_mark(): ask()

@xfail(strict=True)
def test_strict(): ask()

@xfail(raises=BaseException)
def test_raises(): ask()

def swallowed():
    try:
        ask()
    except BaseException:
        return True

@xfail
def test_xpass(): swallowed()

@xfail
def test_swallowed(): assert not swallowed()

def test_imperative():
    swallowed()
    pytest.xfail("known")

def test_skip():
    swallowed()
    pytest.skip("no network, it seems")

@xfail
def test_subtest(subtests):
    with subtests.test():
        ask()

class TestCase(unittest.TestCase):
    @unittest.expectedFailure
    def test_expected(self): ask()

@pytest.fixture
def asks(): ask()

@xfail
def test_setup(asks): pass

@pytest.fixture
def asks_late():
    yield
    ask()

@xfail
@pytest.mark.cassette(allow_no_calls=True)
def test_teardown(asks_late): pass
"""


@ANY_TRANSPORT
def test_a_refused_request_is_never_an_expected_failure(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    suite.test(SUBTESTS + REFUSED)
    result = suite.run()
    # A subtest that failed is counted beside its test.
    failed = 9 + hasattr(pytest, "Subtests")
    assert outcomes(result) == {"failed": failed, "xpassed": 1, "errors": 2}
    lines = re.findall(r"^(?:FAILED|ERROR|SUBFAILED).* - (.*)", said(result), re.MULTILINE)
    assert len(lines) == failed + 2
    assert all(re.search(r"no cassette: (POST|GET) \S*/ask", line) for line in lines)


@ANY_TRANSPORT
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


@ANY_TRANSPORT
def test_a_write_that_fails_is_an_error_of_that_test(suite: Suite) -> None:
    suite.test(
        "@pytest.mark.cassette\ndef test_ask(llm_snapshot): assert ask() == llm_snapshot\n\ndef test_next(): pass\n"
    )
    suite.file("cassettes", "a file where a folder should be")
    result = suite.run("--record-mode=once", "--snapshot-update")
    assert outcomes(result) == {"passed": 2, "errors": 1}
    assert "ERROR test_it.py::test_ask" in said(result)
    assert "cassettes" in said(result)
    assert "INTERNALERROR" not in said(result)
    assert (suite.path / "cassettes").read_text() == "a file where a folder should be"
    # A snapshot of what was not recorded would match no recording.
    assert list(suite.path.rglob("*.ambr")) == []


@ANY_TRANSPORT
@pytest.mark.slow
def test_ctrl_c_leaves_the_old_file(suite: Suite) -> None:
    suite.test(TEST.format(decorator="", then="raise KeyboardInterrupt"))
    old = suite.file(FILE, "version: 2\ninteractions: []\n")
    result = suite.run_alone("--record-mode=rewrite")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert suite.server.calls == 1
    assert old.read_text() == "version: 2\ninteractions: []\n"
    assert list(old.parent.iterdir()) == [old]


@ANY_TRANSPORT
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


@pytest.mark.parametrize("transport", ["httpx", "requests"], indirect=True)
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
    assert "code: 503" not in (suite.path / FILE).read_text()
    suite.run().assert_outcomes(passed=1)

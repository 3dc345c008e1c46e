"""Fixtures of a wider scope than function belong to no test, so that no test's cassette holds what they send."""

from __future__ import annotations

import re

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said, slow

pytestmark = ANY_TRANSPORT

WIDER = """
from pytest_llmcassette import use_cassette

@pytest.fixture(scope="{scope}"{autouse})
def shared():
    {setup}
    {teardown}

class TestIt:
    @pytest.mark.cassette(allow_no_calls=True)
    def test_ask(self{argument}):
        {body}
"""


def wider(
    suite: Suite, setup: str, *, scope: str = "session", teardown: str = "", body: str = "pass", by: str = "argument"
) -> None:
    argument = ", shared" if by == "argument" else ""
    suite.test(
        WIDER.format(
            scope=scope,
            setup=setup,
            teardown=teardown,
            body=body,
            argument=argument,
            autouse=", autouse=True" if by == "autouse" else "",
        )
    )


SLOW = pytest.mark.slow


@pytest.mark.parametrize("mode", ["none", pytest.param("once", marks=SLOW), pytest.param("all", marks=SLOW)])
@pytest.mark.parametrize("scope", ["session", pytest.param("module", marks=SLOW), pytest.param("class", marks=SLOW)])
@pytest.mark.parametrize("by", ["argument", "autouse"])
def test_a_request_of_a_wider_fixture_is_refused_with_advice(suite: Suite, mode: str, scope: str, by: str) -> None:
    wider(suite, "ask('session')", scope=scope, by=by)
    result = suite.run(f"--record-mode={mode}")
    assert outcomes(result) == {"errors": 1}
    assert f"{scope}-scoped fixture 'shared'" in said(result)
    assert "use_cassette" in said(result)
    assert suite.server.calls == 0
    assert suite.cassettes() == []


def test_so_is_one_of_its_teardown(suite: Suite) -> None:
    wider(suite, "yield", teardown="ask('bye')", scope="class", body="ask('hi')")
    result = suite.run("--record-mode=once")
    assert "errors" in outcomes(result)
    assert "class-scoped fixture 'shared'" in said(result)
    assert suite.server.asked == ['POST /ask {"say":"hi"}']


@pytest.mark.parametrize(
    ("code", "named"),
    [
        slow("def setup_module(): ask('early')\n\n@pytest.mark.cassette\ndef test_ask(): ask()", "setup_module"),
        slow(
            "@pytest.mark.cassette\nclass TestIt:\n    @classmethod\n    def setup_class(cls): ask('early')\n"
            "    def test_ask(self): ask()",
            "setup_class",
        ),
        (
            "import unittest\n\n@pytest.mark.cassette\nclass TestIt(unittest.TestCase):\n    @classmethod\n"
            "    def setUpClass(cls): ask('early')\n    def test_ask(self): ask()",
            "setUpClass",
        ),
    ],
)
def test_so_is_one_of_a_set_up_in_the_older_style(suite: Suite, code: str, named: str) -> None:
    suite.test(code)
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"errors": 1}
    assert named in said(result)
    assert "use_cassette" in said(result)
    assert suite.server.calls == 0


def test_every_test_that_needs_such_a_fixture_is_told(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture(scope="session")
        def shared(): ask("session")

        @pytest.mark.cassette
        @pytest.mark.parametrize("n", [0, 1, pytest.param(2, marks=pytest.mark.xfail)])
        def test_ask(shared, n): ask()
        """
    )
    result = suite.run()
    # And no refusal is what somebody expects to fail.
    assert outcomes(result) == {"errors": 3}
    assert said(result).count("E   ") >= 3
    assert "AssertionError" not in said(result)
    assert len(re.findall(r"^ERROR test_it.py::test_ask\[\d\] - .*RequestRefused", said(result), re.MULTILINE)) == 3


def test_use_cassette_in_a_wider_fixture_holds_what_the_fixture_sends_and_no_more(suite: Suite) -> None:
    wider(
        suite,
        "with use_cassette('own.yaml', record_mode=os.environ['MODE']) as own:"
        "\n        ask('setup')\n        yield own",
        teardown="    ask('teardown')",
        body="ask('inside')\n        assert len(shared.requests) == 1",
    )
    for mode in ("once", "none"):
        suite.pytester._monkeypatch.setenv("MODE", mode)
        suite.run(f"--record-mode={mode}").assert_outcomes(passed=1)
    assert suite.server.calls == 3
    assert suite.cassettes() == ["cassettes/test_it/TestIt.test_ask.yaml", "own.yaml"]
    own, test = (
        (suite.path / "own.yaml").read_text(),
        (suite.path / "cassettes/test_it/TestIt.test_ask.yaml").read_text(),
    )
    assert ("setup" in own, "teardown" in own, "inside" in own) == (True, True, False)
    assert ("setup" in test, "teardown" in test, "inside" in test) == (False, False, True)

"""A test that passed fails all the same: recordings that were not played, silence, misses that were swallowed."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said, slow

pytestmark = ANY_TRANSPORT

TWICE = """
@pytest.mark.cassette{arguments}
def test_ask():
    for text in os.environ.get("TEXTS", "one two").split():
        ask(text)
"""


@pytest.fixture
def recorded(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A cassette with two interactions; from now on the test asks for the first alone."""
    suite.test(TWICE.format(arguments=""))
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    monkeypatch.setenv("TEXTS", "one")
    return suite


def test_an_unplayed_recording_fails_the_test(recorded: Suite) -> None:
    result = recorded.run()
    assert outcomes(result) == {"failed": 1}
    shown = said(result)
    assert "test_ask.yaml holds 1 interaction that test_it.py::test_ask did not ask for" in shown
    assert re.search(r"  (POST|GET) (http|ws)://127.0.0.1:\d+\S*/ask", shown)
    assert "--record-mode=rewrite" in shown
    assert "llmcassette prune" in shown
    assert "INTERNALERROR" not in shown


def unplayed(recorded: Suite, count: int) -> Path:
    """The cassette, with so many interactions that the test does not ask for."""
    [cassette] = recorded.path.rglob("*.yaml")
    text = cassette.read_text("utf-8").rstrip()
    last = text[text.index("- id: 1\n") :]
    more = [last.replace("- id: 1", f"- id: {number}", 1) for number in range(2, count + 1)]
    cassette.write_text("\n".join([text, *more, ""]), "utf-8")
    return cassette


def test_what_fails_for_something_unplayed_is_not_recorded(recorded: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTS", "one three")
    cassette = unplayed(recorded, 10)
    before = cassette.read_bytes()
    result = recorded.run("--record-mode=new_episodes")
    assert outcomes(result) == {"failed": 1}
    assert "recording discarded" in said(result)
    assert re.search(r"ask for:(\n  [A-Z]+ .+){10}\nRecord it again", said(result))
    assert cassette.read_bytes() == before


@pytest.mark.parametrize("place", ["marker", slow("fixture"), "ini"])
def test_unplayed_recordings_can_be_allowed(recorded: Suite, place: str) -> None:
    if place == "marker":
        recorded.test(TWICE.format(arguments="(allow_unplayed=True)"))
    elif place == "fixture":
        recorded.file(
            "conftest.py",
            """
            import pytest

            @pytest.fixture(scope="session")
            def llm_cassette_config():
                return {"allow_unplayed": True}
            """,
        )
    else:
        recorded.file("pytest.ini", "[pytest]\nllmcassette_allow_unplayed = yes\n")
    recorded.run().assert_outcomes(passed=1)


def test_switches_of_all_marks_count_and_the_nearest_wins(recorded: Suite) -> None:
    recorded.test(
        """
        pytestmark = pytest.mark.cassette(allow_unplayed=True, ignore_json=["nothing"])

        @pytest.mark.cassette("test_it/test_ask", allow_unplayed={value})
        class TestIt:
            @pytest.mark.cassette(ignore_json=["say"])
            def test_ask(self):
                ask("something else")
        """.replace("{value}", "None")
    )
    recorded.run().assert_outcomes(passed=1)
    text = (recorded.path / "test_it.py").read_text()
    recorded.file("test_it.py", text.replace("allow_unplayed=None", "allow_unplayed=False"))
    recorded.run().assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ("@pytest.mark.xfail", {"xpassed": 1}),
        ("@pytest.mark.xfail(strict=True)", {"failed": 1}),
        slow("@pytest.mark.skip", {"skipped": 1}),
    ],
)
def test_strictness_leaves_other_outcomes_alone(recorded: Suite, decorator: str, expected: dict[str, int]) -> None:
    """An XPASS must not become an XFAIL because something was not played, here or in the teardown."""
    [cassette] = recorded.path.rglob("*.yaml")
    text = cassette.read_text("utf-8")
    last = text[text.index("- id: 1\n") :].replace("id: 1", "id: 2")
    cassette.write_text(f"{text.rstrip()}\n{last.rstrip()}\n  phase: teardown\n", "utf-8")
    recorded.test(decorator + TWICE.format(arguments=""))
    result = recorded.run()
    assert outcomes(result) == expected
    assert "did not ask for" not in said(result)


def test_a_failure_of_the_test_itself_is_told_first(recorded: Suite) -> None:
    recorded.test(TWICE.format(arguments="") + "    assert 'apples' == 'pears'\n")
    result = recorded.run()
    assert outcomes(result) == {"failed": 1}
    assert "apples" in said(result)
    assert "did not ask for" not in said(result)


def test_a_marked_test_must_call(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette\ndef test_silent(): pass\n")
    result = suite.run()
    assert outcomes(result) == {"failed": 1}
    assert "no request was intercepted" in said(result)
    assert "allow_no_calls=True" in said(result)
    suite.test("@pytest.mark.cassette(allow_no_calls=True)\ndef test_silent(): pass\n")
    suite.run().assert_outcomes(passed=1)


def test_a_mark_on_the_module_asks_nothing_of_tests_without_a_cassette(suite: Suite) -> None:
    suite.test(
        """
        pytestmark = pytest.mark.cassette

        def test_calls():
            if "QUIET" not in os.environ:
                ask()

        def test_pure(): pass

        class TestIt:
            def test_pure(self): pass
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=3)
    assert suite.cassettes() == ["cassettes/test_it/test_calls.yaml"]
    suite.run().assert_outcomes(passed=3)
    suite.pytester._monkeypatch.setenv("QUIET", "1")
    result = suite.run()
    result.assert_outcomes(passed=2, failed=1)
    assert "test_calls is marked" in said(result)


@pytest.mark.parametrize("swallow", ["BaseException", slow("BaseException as error")])
def test_a_swallowed_miss_is_repeated(suite: Suite, swallow: str) -> None:
    suite.test(
        f"""
        @pytest.mark.cassette
        def test_ask():
            try:
                ask("something")
            except {swallow}:
                pass
        """
    )
    result = suite.run()
    assert outcomes(result) == {"failed": 1}
    assert "swallowed" in said(result)
    assert "there is no cassette" in said(result)
    assert "Record it: pytest" in said(result)


def test_a_miss_that_ends_the_test_is_told_once(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask(): ask()\n")
    shown = said(suite.run("--tb=short"))
    assert shown.count("Record it:") == 1


def test_other_parts_of_pytest_see_the_failure(recorded: Suite) -> None:
    recorded.test(TWICE.format(arguments="") + "\ndef test_after(): pass\n")
    unplayed(recorded, 11)
    result = recorded.run("-x", "--junitxml=result.xml")
    assert outcomes(result) == {"failed": 1}
    [case] = ElementTree.parse(recorded.path / "result.xml").iter("testcase")
    [failure] = case.iter("failure")
    assert "did not ask for" in failure.attrib["message"]
    assert re.search(r"ask for:(\n  [A-Z]+ .+){10}\n  \.\.\.\nRecord it again", said(result))


def test_a_miss_inside_raises_is_what_the_test_expects_but_it_is_a_miss(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        def test_ask():
            from pytest_llmcassette import RequestNotRecorded
            with pytest.raises(RequestNotRecorded):
                ask()
        """
    )
    result = suite.run()
    assert outcomes(result) == {"failed": 1}


def test_an_unreadable_cassette_is_one_clear_failure(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask(): ask()\n")
    file = suite.file("cassettes/test_it/test_ask.yaml", "version: [1\n")
    for mode in ("none", "once", "new_episodes", "all"):
        result = suite.run(f"--record-mode={mode}")
        assert outcomes(result) == {"failed": 1}, mode
        assert "test_ask.yaml" in said(result)
        assert file.read_text() == "version: [1\n"
    assert suite.server.calls == 0

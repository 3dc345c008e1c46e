"""A drift baseline: what it lets through, what stays red, and how it shrinks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said, slow
from pytest_llmcassette.plugin import baseline_file
from pytest_llmcassette.plugin.baseline_file import Entry

TESTS = """
from pytest_llmcassette import use_cassette

DRIFT, MORE = "DRIFT" in os.environ, "MORE" in os.environ

@pytest.mark.cassette
def test_value():
    ask("after" if DRIFT else "before")

@pytest.mark.cassette
def test_several_requests():
    assert ask("first") == "answer 2"
    assert ask("x" if DRIFT else "y") == "answer 3"
    assert ask("u" if DRIFT else "v") == "answer 4"

@pytest.mark.cassette
@pytest.mark.parametrize("n", [1])
def test_dead(n):
    ask("one")
    if not MORE:
        ask("two")
    if not DRIFT:
        ask("three")

def test_entered():
    with use_cassette("cassettes/entered.yaml"):
        ask("p" if DRIFT else "q")
        if not DRIFT:
            ask("r")

@pytest.mark.cassette
def test_same():
    ask("new" if MORE else "same")

@pytest.mark.cassette
def test_path():
    ask("path", path="/b" if DRIFT else "/a")
"""
FILE = """
["test_it.py::test_dead[1]"]
unplayed = 1

["test_it.py::test_entered"]
ignore_json = ["say"]
unplayed = 1

["test_it.py::test_several_requests"]
ignore_json = ["say"]

["test_it.py::test_value"]
ignore_json = ["say"]
"""
BASELINE = "--cassette-baseline=known.toml"
UPDATE = "--cassette-baseline-update"


def entries(suite: Suite) -> str:
    """The file without its comment."""
    return re.sub(r"\A(#.*\n)+", "", (suite.path / "known.toml").read_text("utf-8"))


def about_baseline(result: pytest.RunResult) -> list[str]:
    lines = said(result).splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith("baseline ")), len(lines))
    return [line for line in lines[start:] if line.startswith(("baseline ", "not in it", "  test_it.py"))]


@pytest.fixture
def drifted(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite that was recorded, and whose requests have changed since."""
    suite.test(TESTS)
    assert suite.run("--record-mode=once").ret == 0
    monkeypatch.setenv("DRIFT", "1")
    return suite


def test_one_update_then_green_but_for_what_a_baseline_does_not_take(drifted: Suite) -> None:
    calls = drifted.server.calls
    update = drifted.run(BASELINE, UPDATE)
    assert outcomes(update) == {"passed": 5, "failed": 1}
    assert "test_path - RequestNotRecorded: url path differs" in said(update)
    assert entries(drifted) == FILE
    assert about_baseline(update) == [
        "baseline known.toml written: 4 tests with 3 JSON values that differ and 2 unplayed recordings",
        "not in it: 1 test that failed; a baseline takes JSON values and dead recordings",
    ]
    replay = drifted.run(BASELINE)
    assert outcomes(replay) == {"passed": 5, "failed": 1}
    assert about_baseline(replay) == [
        "baseline known.toml lets through: 4 tests with 3 JSON values that differ and 2 unplayed recordings"
    ]
    assert drifted.server.calls == calls


def test_what_is_new_fails_and_what_is_gone_is_to_be_removed(drifted: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    (drifted.path / "known.toml").write_text(FILE)
    monkeypatch.setenv("MORE", "1")
    result = drifted.run(BASELINE)
    assert re.findall(r"^FAILED test_it.py::(\S+)", said(result), re.MULTILINE) == [
        "test_dead[1]",
        "test_same",
        "test_path",
    ]
    assert "The baseline lets this test leave 1." in said(result)
    monkeypatch.delenv("MORE")
    monkeypatch.delenv("DRIFT")
    with (drifted.path / "known.toml").open("a") as file:
        file.write('\n["test_it.py::test_deleted"]\nunplayed = 1\n')
    result = drifted.run("-k", "value", BASELINE)
    assert about_baseline(result)[1:] == ["  test_it.py::test_value: ignore_json say"]
    result = drifted.run(BASELINE)
    assert outcomes(result) == {"passed": 6}
    assert about_baseline(result) == [
        "baseline known.toml has what no longer occurs; remove it, or run with --cassette-baseline-update:",
        "  test_it.py::test_dead[1]: unplayed = 1, now 0",
        "  test_it.py::test_deleted: there is no such test",
        "  test_it.py::test_entered: ignore_json say",
        "  test_it.py::test_entered: unplayed = 1, now 0",
        "  test_it.py::test_several_requests: ignore_json say",
        "  test_it.py::test_value: ignore_json say",
    ]
    drifted.run("-k", "value", BASELINE, UPDATE)
    assert "test_deleted" in entries(drifted)
    assert "test_value" not in entries(drifted)
    drifted.run(BASELINE, UPDATE)
    assert entries(drifted) == ""


@pytest.mark.slow
def test_with_workers(drifted: Suite) -> None:
    drifted.file("tox.ini", "[pytest]\nllmcassette_baseline = known.toml\n")
    update = drifted.run_alone("-n2", UPDATE, wanted=("xdist",))
    assert outcomes(update) == {"passed": 5, "failed": 1}
    assert entries(drifted) == FILE
    assert about_baseline(drifted.run_alone("-n2", wanted=("xdist",))) == [
        "baseline known.toml lets through: 4 tests with 3 JSON values that differ and 2 unplayed recordings"
    ]


@pytest.mark.parametrize(
    ("options", "text", "problem"),
    [
        ((BASELINE,), None, "there is no file"),
        slow((UPDATE,), None, "needs a file"),
        ((BASELINE,), "<<<<<<< ours", "write it anew with --cassette-baseline-update"),
        ((BASELINE,), "[x]\nmatch_on = []", "ignore_json and unplayed, nothing else"),
        slow((BASELINE,), "[x]\nignore_json = ['a..b']", "cannot read the path"),
        slow((BASELINE,), "[x]\nunplayed = true", "takes a number"),
        (("--cassette-baseline=test_it.py", UPDATE), None, "is no baseline"),
    ],
)
@ANY_TRANSPORT
def test_a_baseline_that_cannot_be(suite: Suite, options: tuple[str, ...], text: str | None, problem: str) -> None:
    suite.test("def test_plain(): pass")
    if text is not None:
        (suite.path / "known.toml").write_text(text)
    result = suite.run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert problem in said(result)


def test_any_name_survives_the_file(tmp_path: Path) -> None:
    names = ['t.py::test[a"b\\c\x7f\n]', "t.py::é", "t.py::🙂"]
    known = {name: Entry((f"a[{index}]", '["b.c"]'), index) for index, name in enumerate(names)}
    baseline_file.write(tmp_path / "below" / "known.toml", baseline_file.text_of(known))
    read = baseline_file.read(tmp_path / "below" / "known.toml")
    assert {name: Entry(tuple(sorted(one.ignore_json)), one.unplayed) for name, one in known.items()} == read


@ANY_TRANSPORT
def test_a_test_that_stops_early_keeps_its_entry(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("ends", [pytest.skip, pytest.xfail], ids=["skip", "xfail"])
        def test_ends(ends):
            ask("a")
            if "EARLY" in os.environ:
                ends("early")
            ask("b")
        """
    )
    suite.run("--record-mode=once")
    text = baseline_file.text_of({f"test_it.py::test_ends[{name}]": Entry(("say",), 2) for name in ("skip", "xfail")})
    (suite.path / "known.toml").write_text(text)
    monkeypatch.setenv("EARLY", "1")
    assert about_baseline(suite.run(BASELINE))[1:] == []
    suite.run(BASELINE, UPDATE)
    assert (suite.path / "known.toml").read_text() == text
    monkeypatch.delenv("EARLY")
    suite.run(BASELINE, UPDATE)
    assert entries(suite) == ""


@ANY_TRANSPORT
def test_a_missing_file_of_the_ini_is_one_line(suite: Suite) -> None:
    suite.file("tox.ini", "[pytest]\nllmcassette_baseline = gone.toml\n")
    suite.test("@pytest.mark.cassette\ndef test_it(): ask()")
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "llmcassette_baseline: there is no file" in said(result)

"""`--cassette-prove`: what was recorded is replayed at once, in a process of its own."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.suite import ANY_TRANSPORT, IN_TURN, OTHERS, Suite, outcomes, said, slow
from pytest_llmcassette.plugin.child_arguments import from_addopts, from_command_line
from pytest_llmcassette.plugin.keys import without_keys
from pytest_llmcassette.plugin.prove import differences
from pytest_llmcassette.provider import is_placeholder

TESTS = """
import httpx

@pytest.mark.cassette
@pytest.mark.parametrize("word", ["a b", "c"])
def test_alike(word, llm_cassette, llm_snapshot, own):
    assert ask(word)
    assert llm_cassette == llm_snapshot

@pytest.mark.cassette
def test_differs(own):
    assert os.environ["SOME_API_KEY"] == "real-key-0123456789"
    with httpx.Client(verify=False) as client:
        assert client.get(os.environ["SERVER"] + "/ask").headers["Server"]

@pytest.mark.cassette
def test_failed():
    ask("failed")
    assert False
"""

CONFTEST = """
import os
import pytest

def pytest_addoption(parser):
    parser.addoption("--own")

@pytest.fixture
def own(pytestconfig):
    assert pytestconfig.getoption("--own") == "value"
    assert os.environ.get("OPENAI_API_KEY") != "real-key-0123456789"[::-1]
"""


@pytest.mark.parametrize("transport", ["httpx", *(slow(name) for name in (IN_TURN, *OTHERS))], indirect=True)
def test_what_differs_is_named_and_fails_the_run(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "real-key-0123456789")
    suite.file("conftest.py", CONFTEST)
    suite.file("pytest.ini", "[pytest]\naddopts = -rA --record-mode=once\nllmcassette_record_mode = once\n")
    suite.test(TESTS)
    arguments = ("--record-mode=once", "--snapshot-update", "--own", "value", "--cassette-prove", "--junitxml=own.xml")
    result = suite.run(*arguments, "-k", "not failed", "test_it.py")
    text = said(result)
    assert outcomes(result) == {"passed": 3, "deselected": 1}
    assert result.ret == 1
    assert "1 of 3 recorded tests failed when replayed, with nothing but the recording:" in text
    [line] = [line for line in text.splitlines() if line.startswith("  test_it.py::test_differs: ")]
    assert "KeyError" in line
    assert suite.server.calls == 3
    assert '"3"' in (suite.path / "own.xml").read_text()
    result = suite.run(*arguments, "-k", "alike")
    assert "nothing was recorded, so that there is nothing to prove" in said(result)
    assert result.ret == 0


@ANY_TRANSPORT
@pytest.mark.slow
def test_in_the_ini_file_it_is_for_runs_that_record(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "real-key-0123456789")
    suite.file("conftest.py", CONFTEST)
    suite.test(TESTS)
    suite.file("pytest.ini", "[pytest]\nllmcassette_prove = true\nllmcassette_keep_response_headers = server\n")
    result = suite.run("--record-mode=rewrite", "--own", "value", "-k", "not failed", "--snapshot-update")
    assert "3 recorded tests replayed offline as recorded" in said(result)
    assert result.ret == 0
    result = suite.run("--own=value", "-k", "not failed")
    assert "prove" not in said(result)


@ANY_TRANSPORT
@pytest.mark.slow
def test_a_difference_alone_is_exit_status_1(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        def test_ask():
            assert ask() != os.environ.get("SEEN")
            os.environ["SEEN"] = ask("again")

        @pytest.mark.cassette
        def test_live():
            ask(os.environ.get("PYTEST_VERSION", "") and str(os.getpid()))
        """
    )
    monkeypatch.setenv("SEEN", "")
    result = suite.run("--record-mode=once", "--cassette-prove", "-n0", wanted=("xdist",))
    assert outcomes(result) == {"passed": 2}
    assert result.ret == 1
    assert "test_live: RequestNotRecorded" in said(result) or "test_live: pytest_llmcassette.RequestNot" in said(result)


@ANY_TRANSPORT
@pytest.mark.slow
def test_under_xdist_the_controller_proves(suite: Suite) -> None:
    suite.test(
        TESTS.replace(", own)", ")").replace("(own)", "()").replace("SOME_API_KEY", "SERVER").replace("==", "!=")
    )
    result = suite.run_alone(
        "--record-mode=once", "--cassette-prove", "-n2", "-k", "differs or failed", wanted=("xdist",)
    )
    assert outcomes(result) == {"passed": 1, "failed": 1}
    assert "1 of 1 recorded test failed when replayed" in said(result)
    assert result.ret == 1


COMMAND_LINES: dict[str, tuple[list[str], list[str]]] = {
    "tests": (["tests/a.py", "-q", "tests/b.py::test_x"], []),
    "selection": (["-k", "not slow", "-m", "x or y", "-x", "--maxfail", "3", "--lf", "-kslow"], []),
    "what is recorded": (["--record-mode", "once", "--snapshot-update", "--cassette-prove"], []),
    "reports": (["--junitxml=a.xml", "--cov", "src", "--cov-report=html", "--html", "r.html", "-rA", "-vv"], []),
    "the report of cassettes": (["--cassette-report", "r.html", "tests/a.py"], []),
    "distribution": (["-n", "4", "-n2", "--dist", "loadfile", "--reruns", "2"], []),
    "how tests are imported": (["-p", "plug", "--import-mode=importlib", "-o", "x=y"], None),  # type: ignore[dict-item]
    "options of a conftest": (
        ["--own", "value", "--other=value", "tests/a.py", "--flag"],
        ["--own", "value", "--other=value", "--flag"],
    ),
    "a baseline": (["--cassette-baseline=b.toml"], ["--cassette-baseline=b.toml"]),
    "its update": (["--cassette-baseline-update"], []),
    "faults": (
        ["--cassette-faults=stall", "--cassette-faults-json", "f.json", "--cassette-faults-baseline-update"],
        [],
    ),
}


@pytest.mark.parametrize(("given", "kept"), COMMAND_LINES.values(), ids=COMMAND_LINES)
def test_what_the_replay_takes_over(given: list[str], kept: list[str] | None) -> None:
    assert list(from_command_line(given, {"tests/a.py", "tests/b.py::test_x"})) == (given if kept is None else kept)


def test_what_it_takes_over_from_addopts() -> None:
    given = ["-n", "auto", "--cov=x", "-p", "plug", "--import-mode=importlib", "--junitxml", "x.xml", "-rA"]
    assert list(from_addopts(given)) == ["-p", "plug", "--import-mode=importlib"]


def test_keys_get_stand_ins_and_regions_stay() -> None:
    given = {
        "OPENAI_API_KEY": "k",
        "AWS_REGION": "eu-west-1",
        "AWS_SECRET_ACCESS_KEY": "s",
        "HOME": "/",
        "HF_TOKEN": "",
    }
    bare = without_keys(given)
    assert {name for name, value in bare.items() if is_placeholder(value)} == {
        "OPENAI_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
    }
    assert {name: bare[name] for name in ("AWS_REGION", "HOME", "HF_TOKEN")} == {
        "AWS_REGION": "eu-west-1",
        "HOME": "/",
        "HF_TOKEN": "",
    }


def test_differences() -> None:
    recorded = {"a": "passed", "b": "passed", "c": "failed", "d": "passed", "e": "passed"}
    replayed: dict[str, Any] = {"a": ("passed", ""), "b": ("error", "why"), "c": ("failed", "x"), "e": ("skipped", "")}
    assert list(differences(recorded, replayed)) == ["  b: why", "  d: the replay did not run this test"]

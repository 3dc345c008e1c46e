"""Runs that end early, with `--snapshot-update`: what was accepted stays, whoever compared it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugin.suite import Suite, outcomes, said, slow

SUITE = """
import os

def abort():
    if "ABORT" in os.environ:
        exec(os.environ["ABORT"])

def test_first(snapshot):
    assert "first" + os.environ.get("CHANGED", "") == snapshot
    abort()

def test_second(snapshot):
    assert "second" == snapshot

@pytest.mark.cassette
def test_ours(llm_cassette, llm_snapshot):
    ask()
    assert llm_cassette == llm_snapshot

@pytest.fixture
def checked(snapshot):
    assert "fixture" == snapshot

def test_fixture(checked): pass
"""

SAID = "snapshots: not all tests have run, so that none was deleted as unused"


def snapshots(suite: Suite) -> dict[str, str]:
    return {file.relative_to(suite.path).as_posix(): file.read_text() for file in suite.path.rglob("*.ambr")}


@pytest.fixture
def accepted(suite: Suite) -> Suite:
    """A suite whose snapshots are accepted, in two files."""
    suite.test(SUITE)
    suite.file("other/test_other.py", "def test_other(snapshot):\n    assert 'other' == snapshot\n")
    assert suite.run("--record-mode=once", "--snapshot-update").ret == 0
    assert len(snapshots(suite)) == 2
    return suite


ABORTS: dict[str, Any] = {
    "a mode that does not exist": (lambda suite: None, ("--record-mode=onec",)),
    "a wrong mark": slow(
        lambda suite: suite.test("@pytest.mark.cassette(recordmode='once')\ndef test_it(): pass", "test_mark.py"),
        (),
    ),
    "a usage error of a conftest": slow(
        lambda suite: suite.file(
            "conftest.py",
            "import pytest\ndef pytest_collection_modifyitems(): raise pytest.UsageError('nothing to do with us')",
        ),
        (),
    ),
    "an import error": (lambda suite: suite.file("test_broken.py", "import no_such_module"), ()),
    "an import error, and on": slow(
        lambda suite: suite.file("test_it.py", "import no_such_module"),
        ("--continue-on-collection-errors",),
    ),
    "an internal error": slow(
        lambda suite: suite.file("conftest.py", "def pytest_runtest_logstart(): raise KeyError('broken plugin')"),
        (),
    ),
    "an exit by a plugin": slow(
        lambda suite: suite.file(
            "conftest.py", "import pytest\ndef pytest_runtest_logstart(): pytest.exit('enough', returncode=0)"
        ),
        (),
    ),
    "a module that skips itself": slow(
        lambda suite: suite.file("other/test_other.py", "import pytest\npytest.importorskip('no_such_module')"),
        (),
    ),
    "collect only": slow(lambda suite: None, ("--collect-only",)),
    "fixtures": slow(lambda suite: None, ("--fixtures",)),
    "setup only": slow(lambda suite: None, ("--setup-plan",)),
}


@pytest.mark.parametrize(("prepare", "arguments"), ABORTS.values(), ids=ABORTS)
def test_aborted_before_a_test_ran(
    accepted: Suite, prepare: Callable[[Suite], object], arguments: tuple[str, ...]
) -> None:
    before = snapshots(accepted)
    prepare(accepted)
    result = accepted.run("--snapshot-update", *arguments)
    assert snapshots(accepted) == before
    if "--record-mode=onec" in arguments:
        assert result.ret == pytest.ExitCode.USAGE_ERROR
    elif result.ret != pytest.ExitCode.INTERNAL_ERROR:
        assert SAID in said(result)
    assert "unused" not in said(result).replace(SAID, "")
    # Without the switch nothing is advised to be deleted.
    assert "unused" not in said(accepted.run(*arguments))


@pytest.mark.parametrize(
    ("abort", "arguments"),
    [
        ("raise KeyboardInterrupt", ("other/test_other.py", "test_it.py")),
        slow("pytest.exit('enough', returncode=0)", ()),
        slow("assert False", ("-x",)),
        slow("assert False", ("--maxfail=1",)),
        slow("os._exit(1)", ("-n2",)),
        slow("assert False", ("-x", "-n2")),
        slow("pytest.exit('enough')", ("-n2",)),
    ],
)
def test_aborted_in_a_test(
    accepted: Suite, monkeypatch: pytest.MonkeyPatch, abort: str, arguments: tuple[str, ...]
) -> None:
    before = snapshots(accepted)
    monkeypatch.setenv("ABORT", abort)
    if "assert" not in abort and "-n2" not in arguments:
        # What the interrupted test compared is not written either.
        monkeypatch.setenv("CHANGED", "changed")
    result = accepted.run("--snapshot-update", *arguments)
    assert SAID in said(result)
    assert snapshots(accepted) == before, said(result)


def test_a_whole_run_is_syrupys_own(accepted: Suite) -> None:
    text = (accepted.path / "test_it.py").read_text()
    accepted.file("test_it.py", text.replace("def test_second", "def removed"))
    result = accepted.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "1 snapshot unused" in said(result)
    result = accepted.run("--snapshot-update")
    assert "1 unused snapshot deleted" in said(result)
    assert SAID not in said(result)
    assert accepted.run().ret == 0


def test_a_syrupy_that_is_not_known_is_said_once(accepted: Suite) -> None:
    accepted.file(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_terminal_summary(config):
            # syrupy keeps one session for all runs of a process, which lives on with these.
            session = vars(config._syrupy)
            kept = {name: session.pop(name) for name in ("_assertions", "_selected_items")}
            yield
            session.update(kept)
        """,
    )
    [line] = [line for line in said(accepted.run()).splitlines() if "does not know this version of syrupy" in line]
    assert "--snapshot-update deletes the snapshots that a failed test did not come to" in line


def test_outcomes_are_those_of_the_tests(accepted: Suite) -> None:
    assert outcomes(accepted.run()) == {"passed": 5}

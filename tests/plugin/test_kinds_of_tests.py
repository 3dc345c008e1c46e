"""Tests of all kinds, and runs of all kinds: classes, unittest, doctests, reruns, runs that run nothing."""

from __future__ import annotations

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said

pytestmark = ANY_TRANSPORT

FILE = "cassettes/test_it/test_ask.yaml"


def test_llm_cassette_without_the_mark_is_an_error_with_the_remedy(suite: Suite) -> None:
    suite.test("def test_ask(llm_cassette): pass\n")
    result = suite.run()
    assert outcomes(result) == {"errors": 1}
    assert "@pytest.mark.cassette" in said(result)


def test_marks_of_classes_unittest_and_conftests(suite: Suite) -> None:
    suite.file(
        "conftest.py",
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if "by_hook" in item.name:
                    item.add_marker(pytest.mark.cassette)
        """,
    )
    suite.test(
        """
        import unittest

        @pytest.mark.cassette
        class TestClass:
            def setup_method(self): ask("setup_method")
            def test_one(self): ask()

        class TestUnit(unittest.TestCase):
            def setUp(self): ask("setUp")
            def tearDown(self): ask("tearDown")

            @pytest.mark.cassette
            def test_two(self): assert ask().startswith("answer")

        def test_by_hook(): ask()
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=3)
    calls = suite.server.calls
    assert calls == 6
    assert suite.cassettes() == [
        "cassettes/test_it/TestClass.test_one.yaml",
        "cassettes/test_it/TestUnit.test_two.yaml",
        "cassettes/test_it/test_by_hook.yaml",
    ]
    suite.run().assert_outcomes(passed=3)
    assert suite.server.calls == calls


RERUN = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    '''As pytest-rerunfailures does it.'''
    for last in (False, True):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = any(report.failed for report in reports)
        if failed and not last:
            item._initrequest()
        for report in reports:
            if failed and not last and report.failed:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if not failed or last:
            return True

def pytest_report_teststatus(report):
    if report.outcome == "rerun":
        return "rerun", "R", "RERUN"
"""


def test_a_rerun_starts_anew(suite: Suite) -> None:
    suite.file("conftest.py", RERUN)
    suite.test(
        """
        runs = []

        @pytest.mark.cassette
        def test_ask(llm_cassette):
            runs.append(ask("one"))
            if len(runs) == 1 and "STEADY" not in os.environ:
                assert False, "the first time"
            ask("two")
            assert len(llm_cassette.requests) == 2
        """
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"rerun": 1, "passed": 1}
    assert suite.server.calls == 3
    text = (suite.path / FILE).read_text()
    assert (text.count("- id:"), "answer 1" in text) == (2, False)
    assert outcomes(suite.run()) == {"rerun": 1, "passed": 1}
    assert suite.server.calls == 3


FULL_DISK = """
import errno, os

real = os.replace

def pytest_unconfigure():
    os.replace = real

def pytest_configure():
    def replace(source, target):
        if str(target).endswith(".yaml"):
            os.replace = real
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)
    os.replace = replace
"""


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n1", marks=pytest.mark.slow)], ids=["alone", "worker"])
def test_a_rerun_records_again_what_could_not_be_written(suite: Suite, workers: str) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask(llm_cassette): ask()\n")
    suite.run("--record-mode=once")
    suite.file("conftest.py", RERUN + FULL_DISK)
    result = suite.run("--record-mode=rewrite", workers)
    assert outcomes(result) == {"rerun": 1, "passed": 2}
    assert suite.server.calls == 3
    assert "answer 3" in (suite.path / FILE).read_text()


@pytest.mark.parametrize("flag", ["--collect-only", "--setup-only", "--setup-plan"])
def test_runs_that_run_nothing_complain_of_nothing(suite: Suite, flag: str) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask(llm_cassette): ask()\n")
    result = suite.run(flag)
    assert result.ret == 0, said(result)
    assert "failed" not in outcomes(result)
    assert suite.cassettes() == []


def test_doctests_and_own_items_are_not_its_business(suite: Suite) -> None:
    suite.file("mod.py", "def f():\n    '''\n    >>> 1 + 1\n    2\n    '''\n")
    suite.file(
        "conftest.py",
        """
        import pytest

        class Check(pytest.Item):
            def runtest(self): pass

        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".chk":
                return Checks.from_parent(parent, path=file_path)

        class Checks(pytest.File):
            def collect(self):
                yield Check.from_parent(self, name="one")
        """,
    )
    suite.file("own.chk", "")
    suite.test("pytestmark = pytest.mark.cassette\ndef test_ask(): ask()\n")
    suite.run("--doctest-modules", "--record-mode=once").assert_outcomes(passed=3)
    assert suite.cassettes() == [FILE]


def test_a_cassette_is_closed_when_its_test_is_over(suite: Suite) -> None:
    suite.test(
        """
        import threading

        gate, late = threading.Event(), []

        def work():
            gate.wait(5)
            try:
                ask("late")
            except BaseException as error:
                late.append(error)

        thread = threading.Thread(target=work)

        @pytest.mark.cassette
        def test_ask():
            thread.start()
            ask()

        @pytest.mark.cassette
        def test_next(llm_cassette):
            gate.set()
            thread.join()
            ask()
            assert [sent.body for sent in llm_cassette.requests] == [b'{"say":"hi"}']
            assert "test_it.py::test_ask" in str(late[0])
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=2)
    assert suite.server.calls == 2


def test_an_item_without_fixtures_is_an_error_and_no_live_call(suite: Suite) -> None:
    suite.file(
        "conftest.py",
        """
        import pytest
        from asking import ask

        class Case(pytest.Item):
            def runtest(self): ask()

        class CaseFile(pytest.File):
            def collect(self):
                yield Case.from_parent(self, name="case")

        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".case":
                return CaseFile.from_parent(parent, path=file_path)

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker("cassette")
        """,
    )
    suite.file("one.case", "")
    result = suite.run("--record-mode=all")
    assert outcomes(result) == {"errors": 1}
    assert "it is no test function (Case)" in said(result)
    assert "lifecycle.py" not in said(result)
    assert suite.server.calls == 0


def test_a_miss_under_given_names_what_makes_examples_the_same(suite: Suite) -> None:
    suite.test(
        """
        from hypothesis import given, strategies

        @pytest.mark.cassette
        @given(strategies.integers())
        def test_given(number):
            ask(str(number))

        @pytest.mark.cassette
        def test_plain(): ask()
        """
    )
    text = said(suite.run())
    assert text.count("@settings(derandomize=True)") == 1

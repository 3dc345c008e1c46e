"""What is known to be secret at the end of a test, its fixtures included, is secret in all that the test leaves.

Its recordings and requests know that by themselves (`Recorder.sweep`). Here it is carried to the rest: from one
cassette of the test to the others, to the snapshots that it has queued, and to its reports, which the terminal, JUnit's
file and xdist's controller show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytest_llmcassette.plugin import syrupy_session
from pytest_llmcassette.plugin.lifecycle import TestRun
from pytest_llmcassette.plugin.stash import LATE
from pytest_llmcassette.redaction import KnownSecrets

_REPORT = "cassette_report"
Words = Callable[[str], str]


def settle(run: TestRun, made: pytest.TestReport) -> None:
    """The test is over: let everything that it leaves know what any of its cassettes has learned.

    Its earlier reports have been shown. What is secret in them goes with `made`, its last, to where they are.
    """
    recorders = run.recorders
    has_queued = syrupy_session.has_queued(run.item)
    if any(one.has_recorded for one in recorders) or has_queued or run.item.config.getoption(_REPORT, None):
        # What one sweep finds may be in what another recorder has.
        for _ in range(2):
            values = frozenset[str]().union(*(one.known.values for one in recorders))
            for one in recorders:
                one.sweep(values)
    if has_queued:
        syrupy_session.rewrite(run.item, _words(run))
    if run.told_without is not None:
        late = sorted(_known(run).values - run.told_without)
        if late:
            # Bytes that are no text cannot travel to xdist's controller, nor stand in a report.
            setattr(made, LATE, [value for value in late if value.isprintable()])


def sweep_report(run: TestRun, made: pytest.TestReport) -> None:
    """Take what is secret out of a report that says more than that all went well."""
    if (made.longrepr is None and not made.sections and not made.user_properties) or not run.recorders:
        return
    _sweep(made, _words(run))
    run.told_without = _known(run).values


def sweep_earlier(config: pytest.Config, report: pytest.TestReport, earlier: Sequence[pytest.TestReport]) -> None:
    """Where results are shown: take out of a test's earlier reports what its last one brings (`stash.LATE`)."""
    words = KnownSecrets(frozenset(report.__dict__.pop(LATE))).text_without
    for one in earlier:
        _sweep(one, words)
    _sweep_junit(config, report.nodeid, words)


def _words(run: TestRun) -> Words:
    known = _known(run)

    def words(text: str) -> str:
        for recorder in run.recorders:
            text = recorder.redactor.words(text, known)
        return text

    return words


def _known(run: TestRun) -> KnownSecrets:
    known = KnownSecrets(frozenset[str]().union(*(one.known.values for one in run.recorders)))
    known.learn_environment()
    return known


def _sweep(report: pytest.TestReport, words: Words) -> None:
    report.sections = [(title, words(text)) for title, text in report.sections]
    report.user_properties = [(name, _swept(value, words)) for name, value in report.user_properties]
    report.longrepr = _swept(report.longrepr, words)


def _swept(value: Any, words: Words) -> Any:
    """A text, or pytest's representation of a failure, in place: it is made of lists, tuples and its own classes."""
    if isinstance(value, str):
        return words(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_swept(one, words) for one in value)
    if type(value).__module__.startswith("_pytest.") and hasattr(value, "__dict__"):
        for name, inner in vars(value).items():
            setattr(value, name, _swept(inner, words))
    return value


def _sweep_junit(config: pytest.Config, nodeid: str, words: Words) -> None:
    """JUnit's file is written at the end of the run, from elements that are made with each report."""
    from _pytest.junitxml import xml_key

    reporters = getattr(config.stash.get(xml_key, None), "node_reporters", {}).items()
    for element in [one for key, reporter in reporters if str(key[0]) == nodeid for one in reporter.nodes]:
        element.text = words(element.text or "")
        if "message" in element.attrib:
            element.attrib["message"] = words(element.attrib["message"])

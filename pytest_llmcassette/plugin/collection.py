"""Mistakes that are found when tests are collected, before any of them runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.plugin import baseline, budget, naming, switches
from pytest_llmcassette.plugin.markers import CassetteMark, cassette_mark, parameters_of
from pytest_llmcassette.plugin.session import session_of

_OF_A_CASSETTE = {
    "llm_budget": "so that nothing counts what it spends. Mark it with @pytest.mark.cassette as well, or remove the "
    "budget.",
    "llm_fault": "so that there is no answer to go wrong. Mark it with @pytest.mark.cassette as well, or give the "
    "fault to use_cassette(..., faults=[...]).",
}
"""Marks that do nothing in a test without a cassette, and what to do."""


def check(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Raises `pytest.UsageError` for the first mistake in the marks of these tests."""
    session = session_of(config)
    checked: set[tuple[int, ...]] = set()
    for item in items:
        budget.budget_of(item)
        _check_requirements(item)
        mark = cassette_mark(item)
        if mark is None:
            _check_needs_no_cassette(item)
            continue
        if item.get_closest_marker("vcr") is not None:
            raise pytest.UsageError(
                f"{item.nodeid} has both marks, vcr and cassette, so two plugins would record it. Remove one of them."
            )
        if not checked:
            session.check_ini()
            baseline.baseline_of(config)
        key = tuple(id(one) for one in item.iter_markers("cassette"))
        assert isinstance(item, pytest.Function)
        path = path_of(item, mark)
        try:
            if key not in checked:
                checked.add(key)
                switches.resolve(
                    (f"{item.nodeid}: @pytest.mark.cassette", mark.switches), ("the ini file", session.ini)
                )
            if path is not None:
                session.note_user(path, item, is_named=mark.name is not None)
        except CassetteError as error:
            raise pytest.UsageError(str(error)) from None


def path_of(item: pytest.Function, mark: CassetteMark) -> Path | None:
    """The path of a test's cassette; None where fixtures decide, which nobody knows yet."""
    deciding = ("llm_cassette_dir", "llm_cassette_name") if mark.name is None else ("llm_cassette_dir",)
    if any(naming.is_overridden(item, fixture) for fixture in deciding):
        return None
    template = session_of(item.config).template
    name = naming.name_for(item, template, mark.name)
    return naming.file_at(item.path.parent / template.folder, name, template.suffix)


def _check_requirements(item: pytest.Item) -> None:
    for mark in item.iter_markers("llm_requires"):
        if mark.kwargs or not mark.args or not all(isinstance(word, str) for word in mark.args):
            raise pytest.UsageError(
                f"{item.nodeid}: @pytest.mark.llm_requires takes capabilities, one text each: "
                'llm_requires("tools", "vision").'
            )
    # On a class or module the mark is for those tests that have a provider.
    if "llm_provider" in parameters_of(item) or not _is_on_the_test(item, "llm_requires"):
        return
    if "llm_provider" in getattr(item, "fixturenames", ()):
        cause = "its llm_provider is a fixture without parameters, whose capabilities are not known before it is set up"
        remedy = "Let the hook pytest_llmcassette_providers return the provider, or give the fixture params=[...]."
    else:
        cause = "does not use llm_provider, so that there is no provider to skip"
        remedy = "Name llm_provider among its arguments or those of a fixture of it, or remove the mark."
    raise pytest.UsageError(f"{item.nodeid} has @pytest.mark.llm_requires, but {cause}. {remedy}")


def _is_on_the_test(item: pytest.Item, name: str) -> bool:
    return any(node is item for node, _ in item.iter_markers_with_node(name))


def say(config: pytest.Config, items: list[pytest.Item], error: pytest.UsageError) -> None:
    """Raise a mistake, or report it from an xdist worker as an error of collection, which ends the run.

    The controller of xdist takes a usage error of a worker for a crash, and never shows its text.
    """
    if not hasattr(config, "workerinput"):
        raise error
    items.clear()
    report = pytest.CollectReport(nodeid="pytest-llmcassette", outcome="failed", longrepr=str(error), result=[])
    config.hook.pytest_collectreport(report=report)


def _check_needs_no_cassette(item: pytest.Item) -> None:
    for mark, words in _OF_A_CASSETTE.items():
        if _is_on_the_test(item, mark):
            raise pytest.UsageError(f"{item.nodeid} has @pytest.mark.{mark}, but no cassette, {words}")

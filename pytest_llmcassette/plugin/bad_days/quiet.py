"""What a run under a fault must not leave behind: reports, warnings, a test's own state."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import pytest


class _Hooks:
    """pytest's hooks, without those that tell others of a test's outcome."""

    def __init__(self, hooks: Any) -> None:
        self._hooks = hooks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hooks, name)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A subtest's report."""

    def pytest_exception_interact(self, node: object, call: object, report: object) -> None:
        """No debugger stops in a failure that was asked for."""


@contextmanager
def unreported(session: pytest.Session) -> Iterator[None]:
    """No report is logged, and no warning told, by what runs here.

    Reports are made all the same, but no traceback is: the source of an SDK's frames takes longer than all the rest.
    """
    proxy = session.gethookproxy
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(session, "gethookproxy", lambda fspath: _Hooks(proxy(fspath)))
        patch.setattr(session.config.option, "tbstyle", "value")
        warnings.simplefilter("ignore")
        yield


def forget(item: pytest.Function) -> None:
    """What pytest keeps of a test's run on the test, so that the next run finds it as new."""
    item._report_sections.clear()
    for name in ("_obj", "_instance"):
        if isinstance(item.parent, pytest.Class):
            item.__dict__.pop(name, None)
    try:
        from _pytest.subtests import failed_subtests_key
    except ImportError:
        return
    failed: Any = item.config.stash.get(failed_subtests_key, None)
    if failed is not None:
        # Which of the two depends on pytest's version.
        failed.pop(getattr(item, "id", item.nodeid), None)


def settle(config: pytest.Config) -> None:
    """After a test's runs: what they left for the garbage collector warns now, not in the next test."""
    import gc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # All of it takes a third of a second with an SDK loaded: only where what is found late would fail a test.
        gc.collect(2 if _makes_errors(config) else 1)
        for module, name in (
            ("_pytest.unraisableexception", "collect_unraisable"),
            ("_pytest.threadexception", "collect_thread_exception"),
        ):
            # An older pytest, or the plugin is switched off: nobody will tell of it.
            with suppress(ImportError, AttributeError, KeyError):
                getattr(import_module(module), name)(config)


def _makes_errors(config: pytest.Config) -> bool:
    filters = [*config.getini("filterwarnings"), *(config.getoption("pythonwarnings") or ())]
    return any(one.startswith("error") for one in filters)

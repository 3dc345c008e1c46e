"""A run that is stopped while a test records: Ctrl-C, or SIGTERM, which would end Python where it stands.

With a recording to lose it is like Ctrl-C: fixtures are torn down, nothing half written stays, and the run says so.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from typing import Any, NoReturn

import pytest

from pytest_llmcassette.recorder.recorder import Recorder


def watch(recorder: Recorder) -> None:
    """Until `unwatch`: what may record is not killed in its sleep. A handler of somebody else's stays in place."""
    is_main = threading.current_thread() is threading.main_thread()
    if recorder.may_record and is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def unwatch() -> None:
    """The test is over. Safe to call without `watch`."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is _interrupt:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt("SIGTERM")


def note_discarded(item: pytest.Item, recorders: Iterable[Recorder]) -> None:
    """Say at the run's end which recordings an interrupted test takes along."""
    report: Any = item.config.pluginmanager.get_plugin("llmcassette-report")
    lost = [str(one.path) for one in recorders if any(sent.live for sent in one.sent)]
    if lost and report is not None:
        report.notes.append(f"recording discarded, since {item.nodeid} was interrupted: {', '.join(lost)}")

"""An exception that nobody expected, in a client's call: it stops the test, as a fault of ours or of who caused it.

As it was it would reach the SDK, which takes it for an error of the network, and retries.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from pytest_llmcassette.cassette.encoding import InflatesTooMuch
from pytest_llmcassette.errors import CassetteFault, CassetteStop, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.redaction import KnownSecrets, default_redactor
from pytest_llmcassette.transports.callers import OURS, is_of_a_library

_REPORTED = ("pytest", "respx", "httpx", "httpcore", "httpx2", "httpcore2", "aiohttp", "trio", "anyio")
_LONGEST = 500

Fault = Callable[[Exception], CassetteStop]
"""What to raise for an exception of our own code."""


def fault_of(error: Exception, what: in_force.InForce | None, doing: str) -> CassetteStop:
    """What to raise instead of `error` that our code raised while it was `doing` ("GET https://..."). `misses` has it.

    For an `Exception` alone: a `CassetteStop` and what else is none (a cancellation, Ctrl-C) pass as they are, and
    so must the network's errors.
    """
    recorder = what if isinstance(what, Recorder) else None
    owner = "" if recorder is None else f" for {recorder.owner}"
    doing = f"{doing.partition('?')[0]}{owner}"
    fault: CassetteStop
    if isinstance(error, InflatesTooMuch):
        told = f"The answer to {doing} was stopped: {error}.\n{error.remedy}"
        fault = RequestRefused(default_redactor().words(told, _known(recorder)))
    else:
        fault = CassetteFault(default_redactor().words(_told(error, doing), _known(recorder)))
    if recorder is not None:
        recorder.note(fault)
    return fault


def _known(recorder: Recorder | None) -> KnownSecrets:
    known = KnownSecrets(frozenset() if recorder is None else recorder.known.values)
    known.learn_environment()
    return known


def _told(error: Exception, doing: str) -> str:
    # Without the lines of source: to read them would block the event loop that may be running here.
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    known = [frame for frame in frames if _is_ours(frame) or not is_of_a_library(frame.filename)]
    words = f"{type(error).__name__}: {error}"
    words = words if len(words) <= _LONGEST else words[:_LONGEST] + "..."
    if known and not _is_ours(known[-1]):
        return (
            f"{_place(known[-1])} raised an exception, called by pytest-llmcassette while it handled {doing}: "
            f"{words}\nMend it there: a client would have taken this for an error of the network."
        )
    where = "\n".join(f"  {_place(frame)}" for frame in frames)
    return (
        f"A fault of pytest-llmcassette, not of your code and not of the network, while it handled {doing}: {words}\n"
        f"{where}\nPlease report it with all of this: {_versions()}."
    )


def _is_ours(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(OURS)


def _place(frame: traceback.FrameSummary) -> str:
    path = frame.filename
    if path.startswith(OURS):
        path = "pytest_llmcassette/" + path.removeprefix(OURS)
    return f"{path}, line {frame.lineno}, in {frame.name}"


def _versions() -> str:
    """What is installed, as far as memory tells: a look at the disk would block a running event loop."""
    loaded = [(name, getattr(sys.modules.get(name), "__version__", None)) for name in _REPORTED]
    named = [f"{name} {version}" for name, version in loaded if version]
    return ", ".join([f"pytest-llmcassette {_own_version()}", f"Python {sys.version.split()[0]}", *named])


def _own_version() -> str:
    from importlib.metadata import version

    try:
        return version("pytest-llmcassette")
    except Exception:
        # Not installed, or something forbids to read a file in this event loop.
        return "of unknown version"

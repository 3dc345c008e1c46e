"""All faults by name: ours, imported at the first question, and the user's own.

A fault of ours is one function and one row in the `FAULTS` of its module; a user's own is given to `register_fault`.
"""

from __future__ import annotations

from importlib import import_module

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.faults.fault import Fault, Moment

_MODULES = ("cuts", "events_changed", "responses")

_known: dict[str, Fault] = {}
_registered: dict[str, Fault] = {}


def _all() -> dict[str, Fault]:
    if not _known:
        for name in _MODULES:
            module = import_module(f"pytest_llmcassette.faults.{name}")
            _known.update((row.name, row) for row in module.FAULTS)
    return {**_known, **_registered}


def fault(name: str) -> Fault:
    """The fault of this name; raises `ConfigError` with those that sound alike."""
    found = _all().get(name)
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name, _all(), n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"There are: {', '.join(_all())}."
        raise ConfigError(f"There is no fault {name!r}. {hint}")
    return found


def all_faults() -> tuple[Fault, ...]:
    """Every fault: those of streams, those of responses, and the user's own."""
    return tuple(_all().values())


def stream_faults() -> tuple[Fault, ...]:
    """Those that strike in an answer that is streamed."""
    return tuple(one for one in all_faults() if one.moment is Moment.STREAM)


def response_faults() -> tuple[Fault, ...]:
    """Those that strike before any of an answer, or in one document."""
    return tuple(one for one in all_faults() if one.moment is Moment.RESPONSE)


def register_fault(row: Fault) -> Fault:
    """Add a fault of your own, from a conftest say; raises `ConfigError` when the name is taken."""
    if row.name in _all():
        raise ConfigError(
            f"The fault {row.name!r} is already registered. Give yours another name, or call "
            f"unregister_fault({row.name!r}) before you replace your own."
        )
    _registered[row.name] = row
    return row


def unregister_fault(name: str) -> None:
    """Take away a fault that `register_fault` added; raises `ConfigError` when there is none of that name."""
    if name not in _registered:
        yours = ", ".join(_registered) or "none"
        raise ConfigError(f"No fault {name!r} was registered by you, so none can be taken away. Yours are: {yours}.")
    del _registered[name]

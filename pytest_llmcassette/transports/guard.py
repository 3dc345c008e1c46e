"""Refuses, by name, requests through libraries that no cassette intercepts, while a cassette is in force.

Without this a test would silently talk to the network, or fail with whatever error a blocked network gives.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial, wraps
from traceback import walk_stack
from types import ModuleType
from typing import Any

from pytest_llmcassette.errors import CassetteStop, NotIntercepted, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.outside import Block
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports.entries import ANOTHER, CURLS, ENTRIES, NETWORK, REMEDIES, Entry, note_curl_url
from pytest_llmcassette.transports.exchange import host_of, is_ignored, port_of, shown
from pytest_llmcassette.transports.patching import Patches, note_gone, owner_of
from pytest_llmcassette.transports.unexpected import fault_of

_IMMUTABLE = 1 << 8
"""The flag of a class written in C that takes no attributes."""


def _guard(module: ModuleType) -> None:
    for entry in ENTRIES:
        if entry.module != module.__name__ or _put(module, entry.path, partial(_guarded, entry)):
            continue
        if not entry.optional:
            note_gone(entry.library, entry.module, entry.path)
    if module.__name__ in CURLS:
        _put(module, "Curl.setopt", _noting)


def _put(module: ModuleType, path: str, make: Callable[[Any], Any]) -> bool:
    """Patch what `path` names in a module; False when it is not there."""
    first = path.partition(".")[0]
    if first == path:
        return PATCHES.put_everywhere(module, path, make)
    if getattr(owner_of(module, path), "__flags__", 0) & _IMMUTABLE:
        PATCHES.put_everywhere(module, first, lambda own: type(first, (own,), {"__module__": own.__module__}))
    return PATCHES.put(module, path, make)


PATCHES = Patches((entry.module for entry in ENTRIES), _guard)


def _guarded(entry: Entry, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with _passing(entry, args, kwargs):
            return original(*args, **kwargs)

    @wraps(original)
    async def guarded_async(*args: Any, **kwargs: Any) -> Any:
        with _passing(entry, args, kwargs):
            return await original(*args, **kwargs)

    guard: Callable[..., Any] = guarded_async if inspect.iscoroutinefunction(original) else guarded
    try:
        # For respx, which looks for the names of a function's arguments and does not look behind a wrapper.
        guard.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    except ValueError:
        """One of C that does not tell."""
    return guard


def _noting(setopt: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(setopt)
    def noting(handle: Any, option: Any, value: Any) -> Any:
        note_curl_url(handle, option, value)
        return setopt(handle, option, value)

    return noting


def _passing(entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AbstractContextManager[None]:
    """What a request is sent within; raises for one that must not be sent."""
    what = in_force.current()
    return nullcontext() if what is None else in_force.let_live(lets=_passes(what, entry, args, kwargs))


def _passes(what: in_force.InForce, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """True for an ignored host; raises for others. False for what is no request of ours (`file:`, `ftp:`): whether that
    may connect a socket is for the net to say."""
    try:
        url = entry.url_of(*args, **kwargs)
        if not url.startswith(NETWORK):
            return False
        if isinstance(what, in_force.Suspension):
            raise RequestRefused(f"{shown(url, what)} was not sent (through {entry.library}). {what.reason}")
        if isinstance(what, Block):
            if what.lets(host_of(url), port_of(url)):
                return True
            raise what.refusal(f"{shown(url)} was not sent (through {entry.library})", host_of(url))
        if is_ignored(what, url):
            return True
        doing = f"send a request to {shown(url, what)} through {entry.library}"
        raise not_intercepted(what, doing, host_of(url))
    except Exception as error:
        raise fault_of(error, what, f"a request through {entry.library}") from error


def not_intercepted(what: Recorder, doing: str, host: str, *, by: str = "", why: str = "") -> CassetteStop:
    """What to raise for code under test, or a library (`by`), that was about to be `doing` this."""
    client, remedy = client_on_the_stack()
    return what.note(
        NotIntercepted(
            f"{client or by or 'Code under test'} was about to {doing}, which no cassette can intercept, while "
            f"{what.path} is in force for {what.owner}{why}.\n{remedy}\n"
            f"To let it go to the network unrecorded: ignore_hosts=[{host!r}]."
        )
    )


def client_on_the_stack() -> tuple[str, str]:
    """The client library whose code is on the stack, nearest first, empty when none is known, and a remedy."""
    for frame, _ in walk_stack(sys._getframe(2)):
        module = frame.f_globals.get("__name__", "")
        for package, known in REMEDIES.items():
            if module == package or module.startswith(package + "."):
                return known
    return "", ANOTHER

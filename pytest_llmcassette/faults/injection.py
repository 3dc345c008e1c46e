"""Faults at work: which exchange each strikes, how often, and what has come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Literal

from pytest_llmcassette.cassette.model import Headers, Interaction, Response
from pytest_llmcassette.errors import ConfigError, RequestRefused
from pytest_llmcassette.faults.fault import Expect, Fault
from pytest_llmcassette.faults.registry import fault as fault_named
from pytest_llmcassette.matching.mismatch.shown import length_in_common
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import canonical_headers
from pytest_llmcassette.replay.plan import Delivery

On = int | Literal["first", "next", "each"]


@dataclass(eq=False)
class Injection:
    """One fault, with its options, on the exchanges of a test.

    `on` is the first exchange that it fits (`"first"`), the next one that is made (`"next"`), each one that it fits
    (`"each"`), or the number of one, from 0, in the order in which they are asked for; a retry is the same exchange.
    There it strikes `times` times, None for always. `snapshots`: they are compared under it all the same.
    """

    fault: Fault
    options: dict[str, Any] = field(default_factory=dict)
    times: int | None = None
    on: On = "first"
    snapshots: bool = False
    strikes: list[str] = field(default_factory=list)
    """Where it struck, in words: `POST https://..., at byte 120 of 4711`."""
    misfits: list[str] = field(default_factory=list)
    """Which exchanges it did not fit, and why."""
    others: Callable[[], Iterable[Interaction]] = tuple
    """All that may be asked for in the same test."""
    _seen: list[Interaction] = field(default_factory=list)
    _struck: list[Interaction] = field(default_factory=list)

    @property
    def has_struck(self) -> bool:
        """Whether it has changed any delivery."""
        return bool(self.strikes)

    def __call__(self, delivery: Delivery) -> Delivery:
        """The delivery, changed if it is this fault's turn; raises `RequestRefused` where it must strike and cannot."""
        recorded = delivery.interaction
        if not self._is_its_turn(recorded):
            return delivery
        misfit = self.fault.misfit(recorded)
        if misfit:
            asked = f"{recorded.request.method} {recorded.request.url.partition('?')[0]}"
            self.misfits.append(f"{asked}: {misfit}")
            if isinstance(self.on, int) or self.on == "next" or not any(map(self.fault.fits, self.others())):
                raise RequestRefused(self.why_not())
            return delivery
        try:
            changed = self.fault.change(delivery, **self.options)
        except ConfigError as error:
            raise RequestRefused(f"The fault {self.fault.name!r}: {error}") from None
        self._struck.append(recorded)
        _settle(changed, recorded, self.fault.expect)
        assert changed.altered is not None
        self.strikes.append(_where(recorded, changed.altered))
        return changed

    def _is_its_turn(self, recorded: Interaction) -> bool:
        number = _position(self._seen, recorded)
        if number is None:
            number = len(self._seen)
            self._seen.append(recorded)
        struck = sum(one is recorded for one in self._struck)
        if self.times is not None and struck >= self.times:
            return False
        if isinstance(self.on, int):
            return number == self.on
        return self.on == "each" or not self._struck or bool(struck)

    def why_not(self) -> str:
        """Why it has not struck."""
        name = self.fault.name
        if not self.misfits:
            count = len(self._seen) or "no"
            asked = f"{count} exchange{'s were' if count != 1 else ' was'} made"
            return f"The fault {name!r} was to strike, but {asked} while it was in force (on={self.on!r})."
        return "\n".join([f"The fault {name!r} does not fit:", *(f"  {words}" for words in self.misfits)])

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"<fault {self.fault.name}{options}: {'; '.join(self.strikes) or 'has not struck'}>"


def injection(what: Fault | str | Injection, **given: Any) -> Injection:
    """A fault as a user names it: its own options, `once=True`, `always=True`, `times=n`, `on=...`, `snapshots=True`.

    Raises `ConfigError` for a fault or an option that does not exist.
    """
    if isinstance(what, Injection):
        return what
    fault = fault_named(what) if isinstance(what, str) else what
    if not isinstance(fault, Fault):
        raise ConfigError(f"A fault is named by its name or by a Fault, not by {what!r}.")
    once, always = given.pop("once", False), given.pop("always", False)
    times = given.pop("times", fault.times)
    if once or always:
        times = None if always else 1
    on, snapshots = given.pop("on", "first"), given.pop("snapshots", False)
    fault.check(given)
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ConfigError(f"The fault {fault.name!r}: times takes a whole number from 1, not {times!r}.")
    numbered = isinstance(on, int) and not isinstance(on, bool) and on >= 0
    if not numbered and on not in ("first", "next", "each"):
        raise ConfigError(f"The fault {fault.name!r}: on takes a number from 0, next or each, not {on!r}.")
    return Injection(fault, given, times=times, on=on, snapshots=snapshots)


class Injections:
    """Those of a test, as one change of its deliveries. Of one delivery only the first whose turn it is strikes."""

    def __init__(self, injections: Iterable[Injection] = ()) -> None:
        self.all: list[Injection] = []
        """Every one that was ever in force, in order."""
        self._active: list[Injection] = []
        self._lock = RLock()
        self._recorded: list[Callable[[], Sequence[Interaction]]] = []
        self.skipped_snapshots = 0
        """How many comparisons with a snapshot were left out, since a fault had struck."""
        for one in injections:
            self.add(one)

    def add(self, one: Injection) -> Injection:
        """From now on."""
        self.all.append(one)
        self._active.append(one)
        one.others = self._interactions
        return one

    def put_in_force(self, recorder: Recorder) -> None:
        """Change what this cassette delivers, and let it record nothing. Before it is prepared."""
        # Now, and not at a request, which may come in a running event loop.
        registry.names()
        recorder.replay_only()
        recorder.changes = (*recorder.changes, self)
        self._recorded.append(recorder.file.recorded)

    @property
    def idle(self) -> list[Injection]:
        """Those that have struck nothing."""
        return [one for one in self.all if not one.has_struck]

    def _interactions(self) -> list[Interaction]:
        return [one for recorded in self._recorded for one in recorded()]

    def misfit(self) -> str:
        """Why one of them cannot strike, whatever is asked for; `""` where each may."""
        recorded = self._interactions()
        for one in self._active:
            misfits = [one.fault.misfit(each) for each in recorded]
            if misfits and all(misfits):
                return f"The fault {one.fault.name!r} does not fit: {'; '.join(dict.fromkeys(misfits))}"
        return ""

    def remove(self, one: Injection) -> None:
        """No longer; what it struck stays known."""
        self._active.remove(one)

    def __call__(self, delivery: Delivery) -> Delivery:
        with self._lock:
            for one in list(self._active):
                delivery = one(delivery)
                if delivery.altered is not None:
                    break
            return delivery

    @property
    def has_struck(self) -> bool:
        """Whether any has."""
        return any(one.has_struck for one in self.all)

    def skips_snapshot(self) -> bool:
        """Whether a comparison with a snapshot is left out now, which is counted: a fault has struck."""
        skips = any(one.has_struck and not one.snapshots for one in self.all)
        self.skipped_snapshots += skips
        return skips


def _position(interactions: list[Interaction], wanted: Interaction) -> int | None:
    return next((place for place, one in enumerate(interactions) if one is wanted), None)


def _settle(delivery: Delivery, recorded: Interaction, expect: Expect) -> None:
    """Note what is delivered, as an interaction, and whether the client may ask again for what was recorded."""
    pieces = delivery.pieces = list(delivery.pieces)
    head, end = delivery.head, delivery.end
    body = b"".join(piece for _, piece in pieces)
    headers: Headers = {} if head is None else canonical_headers(head.headers)
    response = Response(
        code=0 if head is None else head.status,
        status="" if head is None else f"{head.status} {head.reason.decode('latin-1')}".rstrip(),
        headers=headers,
        body=body,
        uncompressed="Content-Encoding" not in headers,
    )
    kind, message = ("", "") if end is None else (end.kind, end.message)
    delivery.altered = Interaction(
        request=recorded.request, response=response, phase=recorded.phase, end=kind, end_message=message
    )
    whole = end is None and head is not None and head.status == recorded.response.code
    delivery.comes_again = expect is Expect.NOTICE or not whole


def _where(recorded: Interaction, delivered: Interaction) -> str:
    """The exchange, and the first byte of the body that was not as recorded."""
    request, before, after = recorded.request, recorded.response.body, delivered.response.body
    asked = f"{request.method} {request.url.partition('?')[0]}"
    if not delivered.response.code:
        return f"{asked}, before an answer"
    if delivered.response.code != recorded.response.code:
        return f"{asked}, answered with {delivered.response.code}"
    return f"{asked}, at byte {length_in_common(before, after)} of {len(before)}" if before != after else asked

"""What a fault is: a change of a delivery, the exchanges that it fits, and what a client is expected to make of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.faults.bodies import is_answered
from pytest_llmcassette.replay.plan import Delivery


class Expect(StrEnum):
    """What a client is expected to do about a fault."""

    RECOVER = "recover"
    """Go on as if nothing had been: a test passes."""
    NOTICE = "notice"
    """Say so: a test must not pass."""
    SHOW = "show"
    """The answer is whole, but another one: what a test makes of it is only reported."""


Misfit = Callable[[Interaction], str]


class Moment(StrEnum):
    """Where a fault strikes."""

    STREAM = "stream"
    """In an answer that is streamed."""
    RESPONSE = "response"
    """Before any of an answer, or in one document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row of the registry.

    `change` makes of a delivery another one; its further parameters are the fault's options, each with a default.
    `misfit` says of an interaction in a few words why the fault cannot be made of it, or `""`: by default it can of
    every good answer. Raises ValueError for an `expect` or a `moment` that does not exist.
    """

    name: str
    sentence: str
    expect: Expect
    change: Callable[..., Delivery]
    moment: Moment = Moment.STREAM
    misfit: Misfit = is_answered

    def __post_init__(self) -> None:
        object.__setattr__(self, "expect", Expect(self.expect))
        object.__setattr__(self, "moment", Moment(self.moment))

    @property
    def __name__(self) -> str:
        """What pytest takes for the id of a parameter."""
        return self.name

    @property
    def times(self) -> int | None:
        """How often it strikes if nobody says otherwise: once where a client is to recover, else (None) always."""
        return 1 if self.expect is Expect.RECOVER else None

    def fits(self, interaction: Interaction) -> bool:
        """Whether the fault can be made of this exchange."""
        return not self.misfit(interaction)

    def options(self) -> tuple[str, ...]:
        """The names of its options."""
        return tuple(inspect.signature(self.change).parameters)[1:]

    def check(self, options: dict[str, object]) -> None:
        """Raises `ConfigError` for an option that it does not have."""
        known = self.options()
        for name in options:
            if name not in known:
                takes = f"Its options are: {', '.join(known)}" if known else "It has none of its own"
                raise ConfigError(
                    f"The fault {self.name!r} has no option {name!r}. {takes}; any fault takes once, always, times, on "
                    "and snapshots."
                )

    def __str__(self) -> str:
        return self.name


def row(
    name: str,
    sentence: str,
    change: Callable[..., Delivery],
    misfit: Misfit = is_answered,
    expect: Expect = Expect.NOTICE,
    moment: Moment = Moment.STREAM,
) -> Fault:
    """A fault of our own tables."""
    return Fault(name=name, sentence=sentence, expect=expect, moment=moment, change=change, misfit=misfit)

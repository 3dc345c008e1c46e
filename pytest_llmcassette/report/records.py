"""What one test did with its cassette, as plain JSON types, so that it travels from an xdist worker with its report."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pytest_llmcassette.protocols.usage import Usage

_REFUSALS = (401, 403, "UNAUTHENTICATED", "PERMISSION_DENIED")


@dataclass(slots=True, kw_only=True)
class ExchangeRecord:
    """One interaction. The fields from `asked` to `wait_ms` are filled only for a report page.

    `recorded_at` is in seconds since 1970, None when unknown. `cost` and `rerecord_cost` are US dollars as decimal
    text: at the time of the recording, and by today's prices; `cost_reason` says why one is None; `uncounted`
    that it may have been paid for and no wire protocol reads it. `asked` and
    `answered` are (kind, title, text) as `answers.parts.Shown`; `chunks` are (milliseconds since the response headers,
    bytes), `wait_ms` is the time to these headers, `size` the body's bytes.
    `grpc` is the name of a call's own status (`OK`), `""` of what is no gRPC call.
    """

    method: str
    target: str
    status: int
    live: bool
    protocol: str | None = None
    provider: str = ""
    model: str | None = None
    stream: bool = False
    finish: str | None = None
    error: str | None = None
    usage: dict[str, Any] | None = None
    recorded_at: float | None = None
    cost: str | None = None
    rerecord_cost: str | None = None
    cost_reason: str | None = None
    uncounted: bool = False
    asked: list[list[str]] = field(default_factory=list)
    answered: list[list[str]] = field(default_factory=list)
    chunks: list[list[float]] = field(default_factory=list)
    wait_ms: float | None = None
    size: int = 0
    grpc: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the provider did not take the key."""
        return self.status in _REFUSALS or self.grpc in _REFUSALS

    @property
    def is_conversation(self) -> bool:
        """Whether it was a WebSocket or a gRPC call, of which no fault can be made."""
        return self.status == 101 or bool(self.grpc)

    @property
    def status_words(self) -> str:
        """`200`; `200 UNAUTHENTICATED` of a call that failed; `""` where no answer came."""
        words = (str(self.status or ""), "" if self.grpc == "OK" else self.grpc)
        return " ".join(filter(None, words))


@dataclass(slots=True, kw_only=True)
class TestRecord:
    """One test with a cassette. `outcome` is pytest's own word (`passed`, `failed`, `skipped`) or `error`.

    `cassette` is relative to the rootdir where it can be. `missing`: the test asked for something that is not recorded.
    `saved`: a recording was written. `no_key`: the unset variable for want of which nothing was recorded.
    `remedy`: the record mode that records what is missing. `snapshot`: the test compares with `llm_snapshot`.
    `left_over`: interactions of the file that mode all has not replaced, so that they will stay unplayed.
    `left_out`: attempts that failed, were tried again and are not recorded. `unkept_headers`: response headers that the
    test read and that are not recorded. `further`: the cassettes that it entered itself, beside `cassette`.
    `unread`: exchanges that nobody looked at, so that their answers were not read. `folder`: where cassettes like this
    one are, relative like it; only for those who asked for the report.
    Why it failed: `misses` are the causes of its misses (kind, what differs, fingerprint), `stopped` is another stop's
    name, `problem` what it was failed for though it passed. `repeats` is its id without parameters that only repeat it,
    where it has some. `drift` and `dead` are what a baseline let through: JSON paths, and how many recordings stayed
    unplayed. `idle`: of each cassette that was not played whole, how many interactions it holds and which were not.
    `declared`: it ended as a mark of it (xfail) had said.
    """

    __test__ = False

    nodeid: str
    module: str
    scenario: str
    provider: str | None = None
    cassette: str = ""
    folder: str = ""
    mode: str = "none"
    outcome: str = "passed"
    missing: bool = False
    misses: list[list[Any]] = field(default_factory=list)
    stopped: str = ""
    problem: str = ""
    repeats: str = ""
    drift: list[str] = field(default_factory=list)
    dead: int = 0
    idle: dict[str, list[Any]] = field(default_factory=dict)
    declared: bool = False
    saved: bool = False
    remedy: str = ""
    snapshot: bool = False
    no_key: str = ""
    left_over: int = 0
    left_out: int = 0
    unkept_headers: list[str] = field(default_factory=list)
    further: list[str] = field(default_factory=list)
    unplayed: int = 0
    unread: int = 0
    exchanges: list[ExchangeRecord] = field(default_factory=list)
    reason: str = ""

    @property
    def test(self) -> str:
        """The test's id, the same for all of its repetitions."""
        return self.repeats or self.nodeid

    @property
    def is_key_refused(self) -> bool:
        """Whether nothing was recorded for want of a key that the provider takes: the test ended on its refusal."""
        sent = [one for one in self.exchanges if one.live]
        return not self.saved and bool(sent) and sent[-1].is_refused

    @property
    def only_converses(self) -> bool:
        """Whether it replayed conversations and nothing else, and passed."""
        found = self.exchanges
        passed = self.outcome == "passed" and not self.declared
        return passed and bool(found) and all(one.is_conversation and not one.live for one in found)

    @property
    def replayed(self) -> int:
        """How many interactions came from the cassette."""
        return sum(not exchange.live for exchange in self.exchanges)

    @property
    def recorded(self) -> int:
        """How many interactions went to the network."""
        return sum(exchange.live for exchange in self.exchanges)

    def to_json(self) -> dict[str, Any]:
        """Plain types only, for `from_json` in another process; what has its default is left out."""
        said = _said(self)
        if self.exchanges:
            said["exchanges"] = [_said(exchange) for exchange in self.exchanges]
        return said

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        exchanges = [ExchangeRecord(**exchange) for exchange in data.get("exchanges", ())]
        return cls(**{**data, "exchanges": exchanges})


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


_DEFAULTS = {
    kind: [(one.name, _default(one)) for one in dataclasses.fields(kind) if one.name != "exchanges"]
    for kind in (TestRecord, ExchangeRecord)
}


def _said(record: TestRecord | ExchangeRecord) -> dict[str, Any]:
    """Name and value of every field, without exchanges and what is as it is by default."""
    values = ((name, getattr(record, name), default) for name, default in _DEFAULTS[type(record)])
    return {name: _clean(value) for name, value, default in values if value != default}


def _clean(value: Any) -> Any:
    """Recorded text may hold bytes that are no UTF-8 (as surrogates), which no other process can be sent."""
    if isinstance(value, str):
        # An enum's member is a str, too, but none that xdist can send.
        plain = type(value) is str and value.isascii()
        return value if plain else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_clean(key): _clean(below) for key, below in value.items()}
    return [_clean(below) for below in value] if isinstance(value, list) else value


def recorded_at(exchanges: Sequence[ExchangeRecord]) -> float | None:
    """When the oldest was recorded, in seconds since 1970; None when there is none, or the time of any is unknown."""
    known = [one.recorded_at for one in exchanges if one.recorded_at is not None]
    return min(known) if known and len(known) == len(exchanges) else None


def usage_of(exchanges: Sequence[ExchangeRecord]) -> Usage:
    """The exchanges' usage together."""
    counts: list[dict[str, Any]] = [one.usage for one in exchanges if one.usage]
    return sum((Usage(**one) for one in counts), Usage())

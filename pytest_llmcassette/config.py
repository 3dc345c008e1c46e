"""The switches of a cassette: one frozen value, merged from layers by pure functions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.modes import RecordMode

MATCHERS = ("method", "scheme", "host", "port", "path", "query", "url", "body")
"""What `match_on` may name, beside `header:NAME`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteConfig:
    """How one cassette records, matches and checks. The names are the same in marker, fixture, ini and `use_cassette`.

    Lists that redact or keep (`keep_*`, `secret_*`) extend the built-in ones; they never replace them.
    """

    record_mode: RecordMode = RecordMode.NONE
    match_on: tuple[str, ...] = ("method", "url", "body")
    ignore_json: tuple[str, ...] = ()
    """Paths of JSON values that do not decide a match: `messages[*].id`, `a.b[0].c`."""
    allow_unplayed: bool = False
    allow_no_calls: bool = False
    allow_repeats: bool = False
    record_errors: bool = False
    """Keep transient failures (408, 409, 429, 5xx, connection errors) that were retried."""
    record_timing: bool = False
    """Store when each piece of a streamed body arrived (an extra key `chunks`, which Go ignores)."""
    chunking: str = "event"
    """Where the pieces of an answer end: `event`, `recorded`, `whole`, `byte`, `random:SEED` or `size:N`."""
    timing: str = "instant"
    """When they come: `instant`, `recorded`, a factor (`x10`: ten times faster), or a model (`ttft=0.4,tps=80`)."""
    ignore_hosts: tuple[str, ...] = ()
    """Hosts whose traffic goes to the network unrecorded: `host`, `host:port` or `*.suffix`."""
    keep_request_headers: tuple[str, ...] = ()
    keep_response_headers: tuple[str, ...] = ()
    secret_query: tuple[str, ...] = ()
    secret_fields: tuple[str, ...] = ()
    secret_patterns: tuple[str, ...] = ()
    """Regular expressions: what they match is secret wherever it stands, of one with groups what the first matches."""
    snapshot_headers: tuple[str, ...] = ()
    """Live request headers shown in snapshots beside anthropic-version, anthropic-beta and openai-beta."""


_FIELDS = {field.name: field for field in dataclasses.fields(CassetteConfig)}
_TUPLES = frozenset(name for name, field in _FIELDS.items() if str(field.type).startswith("tuple"))
_BOOLS = frozenset(name for name, field in _FIELDS.items() if field.type == "bool")
_POSITIVE = r"(?=[\d.]*[1-9])\d+(\.\d+)?"
_WORDS = {
    "chunking": (
        r"event|recorded|whole|byte|random:\d+|size:0*[1-9]\d*",
        "event, recorded, whole, byte, random:SEED (a whole number), size:N (bytes)",
    ),
    "timing": (
        rf"instant|recorded|x{_POSITIVE}|ttft=\d+(\.\d+)?,tps={_POSITIVE}",
        "instant, recorded, a factor such as x10 (ten times faster), a model such as ttft=0.4,tps=80 (seconds to the "
        "first event, events per second)",
    ),
}
"""Of the switches that take words: their form, and how an error tells it."""


def build_config(*layers: tuple[str, Mapping[str, Any]]) -> CassetteConfig:
    """Merge `(where, switches)` layers, the strongest first; a switch that is None is unset.

    Raises `ConfigError` for an unknown switch or a value of the wrong type, naming the layer it came from.
    """
    merged: dict[str, Any] = {}
    for where, switches in layers:
        for name, value in switches.items():
            checked = _check(where, name, value)
            if checked is not None:
                merged.setdefault(name, checked)
    return CassetteConfig(**merged)


def _check(where: str, name: str, value: Any) -> Any:
    if name not in _FIELDS:
        raise ConfigError(f"{where}: there is no switch {name!r}. Allowed are: {', '.join(_FIELDS)}.")
    if value is None:
        return None
    if name == "record_mode":
        return parse_record_mode(where, value)
    if name in _BOOLS:
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: {name} takes True or False, not {value!r}.")
        return value
    if name in _TUPLES:
        listed = isinstance(value, Iterable) and not isinstance(value, str)
        if not listed or not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{where}: {name} takes a list of strings, not {value!r}.")
        check = {"match_on": _check_match_on, "secret_patterns": _check_patterns}.get(name)
        return tuple(value) if check is None else check(where, tuple(value))
    return parse_words(where, name, value)


def _check_match_on(where: str, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in MATCHERS and not (name.startswith("header:") and len(name) > len("header:")):
            raise ConfigError(
                f"{where}: match_on cannot compare {name!r}. Allowed are: {', '.join(MATCHERS)}, header:NAME."
            )
    if not names:
        raise ConfigError(f"{where}: match_on is empty, so any recording would answer any request.")
    return names


def _check_patterns(where: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            matches_nothing = re.compile(pattern).search("") is not None
        except re.error as error:
            raise ConfigError(
                f"{where}: secret_patterns: {pattern!r} is no regular expression: {error}. Write \\ before a character "
                "that stands for itself."
            ) from None
        if matches_nothing:
            raise ConfigError(
                f"{where}: secret_patterns: {pattern!r} matches the empty text, and so would find secrets everywhere."
            )
    return patterns


def parse_record_mode(where: str, value: Any) -> RecordMode:
    """The `RecordMode` that a user's word names; raises `ConfigError` with the list of modes."""
    try:
        return RecordMode(value)
    except ValueError:
        raise ConfigError(
            f"{where}: there is no record mode {value!r}. Allowed are: {', '.join(RecordMode)}."
        ) from None


def parse_words(where: str, name: str, value: Any) -> str:
    """The value of `chunking` or `timing`; raises `ConfigError` that names what is allowed."""
    form, allowed = _WORDS[name]
    if not isinstance(value, str) or re.fullmatch(form, value, re.ASCII) is None:
        raise ConfigError(f"{where}: {name} cannot be {value!r}. Allowed are: {allowed}.")
    return value

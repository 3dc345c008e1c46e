"""What differs between two requests, by the aspects that `match_on` compares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from pytest_llmcassette.cassette.form import is_form
from pytest_llmcassette.cassette.headers import canonical, content_type_of
from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.cassette.multipart import Part, find_parts, is_multipart
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.bodies import body_key, form_fields, json_value
from pytest_llmcassette.matching.json_paths import JsonPaths
from pytest_llmcassette.matching.json_values import Json
from pytest_llmcassette.matching.mismatch.json_diff import ABSENT, Absent, Difference, differences
from pytest_llmcassette.matching.mismatch.shown import WIDTH

_URL_PARTS = ("scheme", "host", "port", "path", "query")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that differs: what it is called, and both values. `place` is set for a value of a JSON body."""

    label: str
    recorded: Json | Absent
    sent: Json | Absent
    place: Difference | None = None
    is_unrecorded_header: bool = False


def differing_aspects(sent: Request, recorded: Request, config: CassetteConfig, matcher: Matcher) -> Iterator[Finding]:
    """Method, URL, headers, body, in that order; each only where `match_on` names it and it differs."""
    aspects = set(config.match_on)
    if "method" in aspects and sent.method.upper() != recorded.method.upper():
        yield Finding("method", recorded.method, sent.method)
    yield from _url_findings(sent, recorded, set(_URL_PARTS) if "url" in aspects else aspects, matcher)
    for aspect in config.match_on:
        if aspect.startswith("header:"):
            yield from _header_findings(canonical(aspect.removeprefix("header:")), sent, recorded)
    if "body" in aspects and matcher.body(sent) != matcher.body(recorded):
        old_type, new_type = content_type_of(recorded.headers), content_type_of(sent.headers)
        yield from _content_findings("body", recorded.body, sent.body, old_type, new_type, matcher.ignored)


def _url_findings(sent: Request, recorded: Request, aspects: set[str], matcher: Matcher) -> Iterator[Finding]:
    live, old = matcher.url(sent.url), matcher.url(recorded.url)
    for name in ("scheme", "host", "port", "path"):
        if name in aspects and getattr(live, name) != getattr(old, name):
            yield Finding(f"url {name}", getattr(old, name), getattr(live, name))
    if "query" in aspects:
        yield from _field_findings("query", list(old.query), list(live.query))


def _header_findings(name: str, sent: Request, recorded: Request) -> Iterator[Finding]:
    old, new = recorded.headers.get(name), sent.headers.get(name)
    if ", ".join(old or ()) != ", ".join(new or ()):
        yield Finding(
            f"header {name}",
            ABSENT if old is None else ", ".join(old),
            ABSENT if new is None else ", ".join(new),
            is_unrecorded_header=old is None,
        )


def _content_findings(
    label: str, old: bytes, new: bytes, old_type: str, new_type: str, ignored: JsonPaths
) -> Iterator[Finding]:
    if not old or not new:
        yield Finding(label, _text(old) if old else ABSENT, _text(new) if new else ABSENT)
        return
    if is_multipart(old, old_type) and is_multipart(new, new_type):
        old_parts, new_parts = find_parts(old, old_type), find_parts(new, new_type)
        if old_parts is not None and new_parts is not None:
            yield from _part_findings(old, new, old_parts, new_parts, ignored)
            return
    places = _json_differences(old, new, ignored)
    if places:
        for place in places:
            shown = place.path if label == "body" else f"{label} {place.path}"
            yield Finding(shown.strip() or label, place.recorded, place.sent, place if label == "body" else None)
        return
    if is_form(old, old_type) and is_form(new, new_type):
        yield from _field_findings("form", form_fields(old), form_fields(new))
        return
    if old == new:
        yield Finding(f"content type of the {label}", old_type, new_type)
        return
    if max(len(old), len(new)) > WIDTH:
        label = f"{label}, {len(old):,} bytes recorded, {len(new):,} bytes sent"
    yield Finding(label, _text(old), _text(new))


def _json_differences(old: bytes, new: bytes, ignored: JsonPaths) -> list[Difference]:
    """Empty when one of them is no JSON, or nested too deeply to be looked into."""
    try:
        return list(differences(json_value(old, ignored), json_value(new, ignored)))
    except (ValueError, RecursionError):
        return []


def _part_findings(
    old: bytes, new: bytes, old_parts: list[Part], new_parts: list[Part], ignored: JsonPaths
) -> Iterator[Finding]:
    for index, (old_part, new_part) in enumerate(zip_longest(old_parts, new_parts)):
        part = new_part or old_part
        label = f"part {part.name or index!r}"
        old_content = old[old_part.start : old_part.end] if old_part else b""
        new_content = new[new_part.start : new_part.end] if new_part else b""
        if old_part is None or new_part is None:
            yield Finding(label, _text(old_content) if old_part else ABSENT, _text(new_content) if new_part else ABSENT)
            continue
        yield from _field_findings(
            f"{label} header", sorted(old_part.headers.items()), sorted(new_part.headers.items())
        )
        if body_key(old_content, "text/plain", ignored) != body_key(new_content, "text/plain", ignored):
            yield from _content_findings(label, old_content, new_content, "text/plain", "text/plain", ignored)


def _field_findings(label: str, old: list[tuple[str, str]], new: list[tuple[str, str]]) -> Iterator[Finding]:
    """Differences of (name, value) pairs by name; the values of a repeated name as a list."""
    for name in dict.fromkeys(name for name, _ in (*new, *old)):
        before = [value for other, value in old if other == name]
        after = [value for other, value in new if other == name]
        if before != after:
            yield Finding(f"{label} {name}", _one_or_all(before), _one_or_all(after))


def _one_or_all(values: list[str]) -> Json | Absent:
    if not values:
        return ABSENT
    return values[0] if len(values) == 1 else values


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace").replace("\r\n", "\n")

"""Why no recording answers a request: the nearest one, what differs, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.mismatch.aspects import Finding, differing_aspects
from pytest_llmcassette.matching.mismatch.drift import are_equal
from pytest_llmcassette.matching.mismatch.nearest import nearest
from pytest_llmcassette.matching.mismatch.shown import comparison
from pytest_llmcassette.matching.mismatch.volatile import paths_to_ignore, volatile_kinds
from pytest_llmcassette.matching.stand_ins import as_recorded
from pytest_llmcassette.redaction.printable import visible

__all__ = ["Cause", "cause_between", "cause_of"]

_MOST_SHOWN = 12
_REMEDIES = {
    "dates or times": "freeze the time in the test",
    "uuids": "seed or replace what makes the uuids",
    "generated ids": "seed or replace what makes the ids",
}


class Cause(NamedTuple):
    """Why a request has no recording: in a few words, in lines of at most 100 columns, and as the error has it."""

    brief: str
    text: str
    kind: str
    differs: tuple[str, ...] = ()


def cause_of(sent: Request, recorded: Sequence[tuple[Request, bool]], config: CassetteConfig) -> Cause:
    """The cause of a miss: why `sent` has no recording left to answer it.

    Both sides are redacted requests; `recorded` has the whole cassette in order, each with whether it was played.
    """
    if not recorded:
        return Cause("the cassette is empty", "The cassette holds no interactions.", "empty cassette")
    matcher = Matcher(config)
    key = matcher.key(sent)
    equal = [index for index, (request, _) in enumerate(recorded) if matcher.key(request) == key]
    if not equal:
        equal = [
            index for index, (request, _) in enumerate(recorded) if _is_equal_but_for_secrets(sent, request, matcher)
        ]
    if equal:
        return Cause("already played", _already_played(equal, config), "already played")
    index = nearest(sent, recorded, matcher)
    request, played = recorded[index]
    which = (
        "The only recorded interaction" if len(recorded) == 1 else f"Nearest of {len(recorded)} recorded interactions"
    )
    return cause_between(
        sent, request, config, f"{which}: id {index}, {'already played' if played else 'not played yet'}"
    )


def cause_between(sent: Request, request: Request, config: CassetteConfig, which: str) -> Cause:
    """Why this recording, which the words `which` name, does not answer the request."""
    matcher = Matcher(config)
    # What stands where the recording has `REDACTED` is equal to it, and may be a secret.
    sent = as_recorded(sent, request) or sent
    findings = list(differing_aspects(sent, request, config, matcher))
    lines = [f"{which}. It differs in"]
    for finding in findings[:_MOST_SHOWN]:
        lines += comparison(finding.label, finding.recorded, finding.sent)
    if len(findings) > _MOST_SHOWN:
        lines.append(f"  and {len(findings) - _MOST_SHOWN} more")
    first = visible(findings[0].label) if findings else "it"
    more = f" and {len(findings) - 1} more differ" if len(findings) > 1 else " differs"
    text = "\n".join(lines + _advice(findings, sent, request, config))
    # A member of the body by its path; the body as a whole has none.
    is_json = bool(findings) and all(finding.place is not None and finding.place.steps for finding in findings)
    return Cause(first + more, text, "json" if is_json else "request", tuple(finding.label for finding in findings))


def _is_equal_but_for_secrets(sent: Request, recorded: Request, matcher: Matcher) -> bool:
    shown = as_recorded(sent, recorded)
    return shown is not None and matcher.key(shown) == matcher.key(recorded)


def _already_played(equal: list[int], config: CassetteConfig) -> str:
    if len(equal) == 1:
        what = f"An equal request is recorded, id {equal[0]}, and was already played: each interaction plays once."
    else:
        ids = ", ".join(map(str, equal[:_MOST_SHOWN])) + (", ..." if len(equal) > _MOST_SHOWN else "")
        what = f"{len(equal)} equal requests are recorded (ids {ids}), all already played: each plays once."
    advice = "If the code is meant to send it more often than recorded, allow_repeats=True replays the last one."
    if config.record_errors:
        return f"{what}\n{advice}"
    return (
        f"{what}\n{advice}\nA failure (429, 5xx) that was followed by an equal request was taken for retried while"
        "\nrecording, and left out: if the code counts on it, record again with record_errors=True."
    )


def _advice(findings: list[Finding], sent: Request, recorded: Request, config: CassetteConfig) -> list[str]:
    lines = [
        f"Recordings hold the {finding.label} only since match_on names it: record this one again."
        for finding in findings
        if finding.is_unrecorded_header
    ]
    places = [finding.place for finding in findings if finding.place is not None]
    if not places or len(places) != len(findings):
        return lines
    kinds = volatile_kinds(places)
    if not kinds:
        return lines
    paths = paths_to_ignore(places)
    if not paths or not are_equal(sent, recorded, config, paths):
        return lines
    remedy = " and ".join(dict.fromkeys(_REMEDIES[kind] for kind in kinds))
    lines.append(f"All of that looks like {' and '.join(kinds)}, which change with every run:")
    lines.append(f"{remedy}, or leave them out of the match:")
    shown = [*config.ignore_json, *paths]
    lines.append(f"  ignore_json={_list(shown)}")
    return lines


def _list(paths: list[str]) -> str:
    return "[" + ", ".join(repr(path) if '"' in path else f'"{path}"' for path in paths) + "]"

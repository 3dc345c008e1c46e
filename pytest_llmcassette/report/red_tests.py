"""Why a run's tests with cassettes are red: each of them counted once, many with one cause on one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from pytest_llmcassette.redaction.request_words import CONVERSATION, SAID
from pytest_llmcassette.report.advice import plural
from pytest_llmcassette.report.dead import Dead
from pytest_llmcassette.report.records import TestRecord

_MOST_GROUPS = 8
_INDEX = re.compile(r"\[-?\d+\]")
_REMEDIES = {
    "no cassette": "not recorded: record, or see where llmcassette_path looks",
    "empty cassette": "with an empty cassette: record again",
    "already played": "sent again what is recorded once and was played: allow_repeats=True, or record again",
    "no calls": "made no request that was intercepted: allow_no_calls=True, or remove the mark",
    "budget": "spent more than their llm_budget",
}
_BASELINE = (
    "To let through what differs today and nothing new: pytest --cassette-baseline=FILE --cassette-baseline-update"
)


def red_lines(records: Sequence[TestRecord], dead: Dead, *, has_baseline: bool) -> list[str]:
    """Every failed test with a cassette in a group; empty where there are not several: of one the failure says all."""
    # What a refused key failed has a line of its own (`advice`).
    red = [one for one in records if one.outcome in ("failed", "error") and not one.is_key_refused]
    if len(red) < 2:
        return []
    rest = {cause: [one for one in red if _cause_of(one) == cause] for cause in dict.fromkeys(map(_cause_of, red))}
    lines: list[str] = []
    lines += _by_difference(rest.pop("json", []), _json_words)
    lines += _by_difference(rest.pop("request", []), _request_words)
    lines += _unplayed(rest.pop("unplayed", []), dead)
    own = rest.pop("", [])
    for cause, group in rest.items():
        words = _REMEDIES.get(cause, f"stopped ({cause}): each failure says why")
        lines.append(f"{plural(len(group), 'test')}: {words}")
    if own:
        lines.append(f"{plural(len(own), 'test')}: for reasons that have nothing to do with a cassette")
    takes = sum(_cause_of(one) in ("json", "unplayed") for one in red)
    hint = [] if has_baseline or takes < 2 else [_BASELINE]
    return [f"{len(red)} red tests that use a cassette:", *(f"  {line}" for line in lines), *hint]


def _cause_of(record: TestRecord) -> str:
    """The first thing that went wrong; `""` where it was nothing of ours."""
    if record.misses:
        return str(record.misses[0][0])
    return record.stopped or record.problem


def _by_difference(records: list[TestRecord], words: Callable[[tuple[str, ...]], str]) -> Iterator[str]:
    shown = Counter(_differences(one) for one in records).most_common(_MOST_GROUPS)
    for paths, count in shown:
        yield f"{plural(count, 'test')}: {words(paths)}"
    others = len(records) - sum(count for _, count in shown)
    if others:
        yield f"{plural(others, 'test')}: other values differ; each failure names them"


def _differences(record: TestRecord) -> tuple[str, ...]:
    """What differs at the first miss, whatever the places in its lists."""
    return tuple(sorted({_INDEX.sub("[*]", path) for path in record.misses[0][1]}))


def _json_words(paths: tuple[str, ...]) -> str:
    shown = _shown(paths)
    # A whole item of a list is no value that changes: what was said has changed.
    if len(paths) > 5 or any(path.endswith("[*]") for path in paths):
        return f"{shown}; record again"
    listed = ", ".join(repr(path) if '"' in path else f'"{path}"' for path in paths)
    # Words of the conversation seldom change by themselves: with them ignored, no test sees a changed prompt.
    if not (CONVERSATION | SAID).isdisjoint(word for path in paths for word in re.split(r"[.\[]", path)):
        return f"{shown}; record again, or, if it changes by itself, ignore_json = [{listed}]"
    return f"{shown}; ignore_json = [{listed}] for this suite, or record again"


def _request_words(labels: tuple[str, ...]) -> str:
    if not labels:
        return "a conversation has other messages, or more or fewer of them; record again"
    return f"{_shown(labels)}; leave it out with match_on, or record again"


def _shown(paths: tuple[str, ...]) -> str:
    named = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return f"{named} differ{'s' if len(paths) == 1 else ''}"


def _unplayed(records: list[TestRecord], dead: Dead) -> Iterator[str]:
    if not records:
        return
    count = plural(len(records), "test")
    files = [file for file in dead.files.values() if not file.left]
    if not files:
        yield f"{count} left recordings unplayed that other tests play: allow_unplayed=True, or cassettes of their own"
        return
    hold = "hold" if len(files) > 1 else "holds"
    idle = plural(sum(len(file.idle) for file in files), "interaction")
    first = ", when the other red tests are mended" if dead.problem else ""
    if not dead.is_whole:
        first = ", after a run of all tests"
    yield f"{count}: {plural(len(files), 'file')} {hold} {idle} that no test asks for: llmcassette prune{first}"

"""What is left to do after a run: lines at the end of its section, each for many tests with one cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.report.records import TestRecord

_MOST_NAMED = 5
_MOST_READERS = 3
_COOKIES = "set-cookie"


def advice_lines(
    records: Sequence[TestRecord],
    *,
    argument: Callable[[str], str],
    rerun: str | None,
    failed: int,
    theirs: str | None = None,
) -> list[str]:
    """A few lines for each cause, with its remedy.

    `argument` makes a test's id one of a command line, `rerun` is the command that runs again what failed (None: there
    is none), `failed` how many tests failed, whether they have a cassette or not, `theirs` the record mode of another
    plugin that the command line named.
    """
    return [
        *_mode(records, theirs),
        *_without_keys(records),
        *_refused_keys(records),
        *_left_over(records, argument),
        *_missing(records, rerun, failed),
    ]


def _mode(records: Sequence[TestRecord], theirs: str | None) -> list[str]:
    if theirs is None or not records:
        return []
    return [
        f"--record-mode={theirs} is another plugin's mode: {plural(len(records), 'test')} of pytest-llmcassette ran "
        "with mode none; --llmcassette-record-mode names one of its own"
    ]


def _without_keys(records: Sequence[TestRecord]) -> list[str]:
    """Skips are easily missed: a run that recorded nothing is green, too."""
    variables = Counter(one.no_key for one in records if one.no_key)
    return [
        f"{plural(count, 'test')} not recorded: {variable} is not set" for variable, count in sorted(variables.items())
    ]


def _refused_keys(records: Sequence[TestRecord]) -> list[str]:
    """A wrong key fails every test of its provider, each with a different failure."""
    found = [one for one in records if one.is_key_refused]
    if not found:
        return []
    refusals = [one for test in found for one in test.exchanges if one.is_refused]
    answers = sorted({(one.provider or "the provider", one.grpc or str(one.status)) for one in refusals})
    said = ", ".join(f"{provider} answered {status}" for provider, status in answers)
    return [f"{plural(len(found), 'test')} not recorded: {said}; set a key that it takes, and record again"]


def _left_over(records: Sequence[TestRecord], argument: Callable[[str], str]) -> list[str]:
    """Mode all never deletes, so a changed request leaves its old recording behind."""
    found = [one for one in records if one.left_over]
    if not found:
        return []
    lines = [
        f"{one.cassette} still holds {plural(one.left_over, 'interaction')} that {one.nodeid} did not ask for"
        for one in found[:_MOST_NAMED]
    ]
    if len(found) > _MOST_NAMED:
        lines.append(f"... and {plural(len(found) - _MOST_NAMED, 'cassette')} more")
    which = " ".join(argument(one.nodeid) for one in found) if len(found) <= _MOST_NAMED else "[these tests]"
    return [
        *lines,
        f"Mode all keeps what was not asked for, and a replay will fail on it. To drop it: pytest {which} "
        "--record-mode=rewrite",
    ]


def _missing(records: Sequence[TestRecord], rerun: str | None, failed: int) -> list[str]:
    """Of one miss the failure has said all; of many, one command does for all of them."""
    missed = [one for one in records if one.missing and one.outcome in ("failed", "error")]
    if len(missed) < 2:
        return []
    line = f"{plural(len(missed), 'test')} sent requests that are not recorded"
    if rerun is None:
        return [f"{line}; each failure names the command that records it"]
    passing = {one.cassette for one in records if one.cassette and one.outcome == "passed"}
    shared = [one for one in missed if one.cassette in passing]
    remedies = {one.remedy for one in missed}
    if len(remedies) == 1:
        [mode] = remedies
    else:
        # A file that is not there is made by either of the other two.
        mode = RecordMode.NEW_EPISODES if RecordMode.REWRITE not in remedies else RecordMode.REWRITE
    if mode == RecordMode.REWRITE and shared:
        # The command would take from those what they replay.
        return [
            f"{line}; each failure names the command that records it",
            f"{len(shared)} of them share a cassette with tests that pass, which would lose what they replay: if they "
            "ask for different things, give each a name of its own",
        ]
    update = " --snapshot-update" if any(one.snapshot for one in missed) else ""
    others = failed - len(missed)
    also = f" (runs {plural(others, 'other failed test')}, too)" if others > 0 else ""
    return [f"{line}: {rerun} --record-mode={mode}{update}{also}"]


def left_out_lines(records: Sequence[TestRecord]) -> list[str]:
    """Retried failures, counted, with the switch that keeps them; headers and cookies that were read, by name."""
    saved = [record for record in records if record.saved]
    lines = []
    attempts = sum(record.left_out for record in saved)
    if attempts:
        lines.append(
            f"{plural(attempts, 'failed attempt')} that an equal request followed: taken for retried and left out of "
            "the recordings. record_errors=True keeps them"
        )
    readers: dict[tuple[str, ...], list[str]] = {}
    for record in saved:
        if record.unkept_headers:
            readers.setdefault(tuple(sorted(record.unkept_headers)), []).append(record.nodeid)
    return lines + [_headers_line(headers, nodeids) for headers, nodeids in sorted(readers.items())]


def _headers_line(headers: tuple[str, ...], nodeids: Sequence[str]) -> str:
    named = ", ".join(nodeids[:_MOST_READERS]) + (", ..." if len(nodeids) > _MOST_READERS else "")
    kept = [name for name in headers if name != _COOKIES]
    parts = []
    if kept:
        listed = ", ".join(f'"{name}"' for name in kept)
        parts.append(
            f"response header{'s' if len(kept) > 1 else ''} {', '.join(kept)}, which the recording leaves out: "
            f"keep_response_headers=[{listed}]"
        )
    if _COOKIES in headers:
        parts.append("cookies, which no recording holds")
    return f"{named} read {'; and '.join(parts)}"


def plural(count: int, noun: str) -> str:
    """`1 test`, `2 tests`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def first_of(lines: Sequence[str], most: int) -> list[str]:
    """The first of these lines, indented, and how many more there are."""
    more = [f"... and {len(lines) - most} more"] if len(lines) > most else []
    return [f"  {line}" for line in (*lines[:most], *more)]

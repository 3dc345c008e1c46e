"""Values that change from run to run: dates, times, uuids, generated ids."""

from __future__ import annotations

import re

from pytest_llmcassette.matching.json_values import Json
from pytest_llmcassette.matching.mismatch.json_diff import Difference, path_of

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.?"
_DAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,?\s+)?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm]\b)?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_DATE = (
    rf"\d{{4}}-\d{{2}}-\d{{2}}|\d{{4}}/\d{{1,2}}/\d{{1,2}}|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}"
    rf"|{_DAY}{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    rf"|{_DAY}\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}(?:,?\s+\d{{4}})?"
)
_PATTERNS = (
    ("uuids", re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b")),
    ("dates or times", re.compile(rf"\b(?:{_DATE})(?:(?:T|,?\s+(?:at\s+)?){_CLOCK}{_ZONE})?(?!\d)")),
    ("dates or times", re.compile(rf"\b{_CLOCK}{_ZONE}\b")),
    ("dates or times", re.compile(r"\b1\d{9}(?:\.\d+|\d{3}|\d{6}|\d{9})?\b")),
    # A word, then digits and letters: call_9pw2xM, chatcmpl-8f3a, msg_01AbC; or 12 and more hexadecimal digits.
    ("generated ids", re.compile(r"\b[A-Za-z]+(?:[_-][A-Za-z]+)*[_-](?=[A-Za-z]*\d)(?=\d*[A-Za-z])[0-9A-Za-z]{6,}\b")),
    ("generated ids", re.compile(r"\b(?=[A-Fa-f]*\d)(?=\d*[A-Fa-f])[0-9A-Fa-f]{12,}\b")),
    ("generated ids", re.compile(r"\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[0-9A-Za-z]{16,}\b")),
)
_NEVER_VOLATILE = frozenset({"model", "modelId", "role", "type"})
"""Names whose values a test chose, though a model's name may hold a date."""

_ID_NAME = re.compile(
    r"(?:^|_|-)(?:id|ids|uuid|guid|nonce|date|time|timestamp|created|created_at|updated_at)$|(?:Id|Uuid|At|Time)$",
    re.IGNORECASE,
)


def volatile_kinds(differences: list[Difference]) -> list[str]:
    """What the differing values look like, in a fixed order; empty unless every one looks like something volatile."""
    kinds: set[str] = set()
    for difference in differences:
        found = _kinds(difference.recorded, difference.sent)
        if not found or (difference.steps[-1:] and difference.steps[-1] in _NEVER_VOLATILE):
            return []
        kinds |= found
    return [kind for kind in dict.fromkeys(name for name, _ in _PATTERNS) if kind in kinds]


def _kinds(recorded: Json, sent: Json) -> set[str]:
    if isinstance(recorded, bool) or isinstance(sent, bool):
        return set()
    if isinstance(recorded, (int, float)) and isinstance(sent, (int, float)):
        recorded, sent = str(recorded), str(sent)
    if not isinstance(recorded, str) or not isinstance(sent, str):
        return set()
    kinds: set[str] = set()
    for kind, pattern in _PATTERNS:
        old, new = pattern.findall(recorded), pattern.findall(sent)
        if old != new:
            kinds.add(kind)
        # Masked one after the other, so that a uuid's digits are no date.
        recorded, sent = pattern.sub("\0", recorded), pattern.sub("\0", sent)
    return kinds if recorded == sent else set()


def paths_to_ignore(differences: list[Difference]) -> tuple[str, ...]:
    """The `ignore_json` that leaves the differences out: of every item where the name says id or time."""
    paths: dict[str, None] = {}
    for difference in differences:
        if not difference.steps:
            return ()
        name = next((step for step in reversed(difference.steps) if isinstance(step, str)), "")
        any_item = isinstance(difference.steps[-1], str) and _ID_NAME.search(name) is not None
        paths[path_of(difference.steps, any_item=any_item)] = None
    return tuple(paths)

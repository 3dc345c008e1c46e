"""JSON by its structure: two texts are equal when they say the same, down to the last digit of a big number."""

from __future__ import annotations

import json
import marshal
import math
import re
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

Json = Any
"""What `parse` makes: dict, list, str, int, float (never a whole number), bool, None."""

_EXACT = 2**53
_FIRST = frozenset(b'{["-0123456789tfnNI \t\r\n\xef')
_ESCAPED_CRLF = re.compile(r"(?<!\\)((?:\\\\)*)(?:\\r|\\u000[dD])(?:\\n|\\u000[aA])")
_ENCODER = json.JSONEncoder(check_circular=False, sort_keys=True)

T = TypeVar("T")


def _number(text: str) -> int | float:
    """A number with a fraction or an exponent; whole ones become an int, so that 1.0 equals 1."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is beyond a float")
    if not value.is_integer():
        return value
    if -_EXACT < value < _EXACT:
        return int(value)
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() else value


def _sorted_pairs(pairs: list[tuple[str, Json]]) -> tuple[tuple[str, Json], ...]:
    members = dict(pairs)
    if len(members) != len(pairs):
        pairs = list(members.items())
    pairs.sort()
    return tuple(pairs)


_DECODER = json.JSONDecoder(parse_float=_number)
_SORTING_DECODER = json.JSONDecoder(parse_float=_number, object_pairs_hook=_sorted_pairs)


def parse(body: bytes) -> Json:
    """The value that a body holds; raises `ValueError` when it is no JSON (or no UTF-8, or holds a number too big).

    Of a duplicate key the last value counts. Lone surrogates, escaped or encoded, are read. `\\r\\n` in a string is
    read as `\\n`, as the Go side compares it.
    """
    return _DECODER.decode(_text(body))


def canonical(body: bytes) -> bytes:
    """Equal for two bodies exactly when `parse` makes the same value of them, and as fast as that; raises as it does.

    Objects become sorted tuples while they are parsed; then `marshal` tells types apart where `==` does not (true and
    1). Its version 2 depends on the values alone: later ones write shared strings as references.
    """
    return marshal.dumps(_SORTING_DECODER.decode(_text(body)), 2)


def canonical_value(value: Json) -> str:
    """The same for a value that was parsed and then changed."""
    return _ENCODER.encode(value)


def written(value: Json, *, like: bytes) -> bytes:
    """The value as JSON, as dense as `like`, which it was parsed from before it was changed."""
    separators = (", ", ": ") if b'": ' in like else (",", ":")
    return json.dumps(value, ensure_ascii=False, separators=separators).encode("utf-8", "surrogatepass")


def _text(body: bytes) -> str:
    if body[0] not in _FIRST:
        raise ValueError("not JSON")
    text = body.decode("utf-8", "surrogatepass")
    if "\\r\\n" in text or "\\u000" in text:
        text = _ESCAPED_CRLF.sub(r"\1\\n", text)
    return text[1:] if text.startswith("\ufeff") else text


def on_deep_stack(function: Callable[[], T]) -> T:
    """`function()`; where the stack at hand is too short for a deeply nested value, once more on a fresh one.

    What is too deep then is too deep anywhere: whether a body is compared as JSON never depends on who asks.
    Raises what `function` raises.
    """
    try:
        return function()
    except RecursionError:
        pass
    outcome: list[T] = []
    problem: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(function())
        except (RecursionError, ValueError) as error:
            problem.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if problem:
        raise problem[0]
    return outcome[0]

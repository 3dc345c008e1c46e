"""JSON by its structure: two texts are equal when they say the same, down to the last digit of a big number."""

from __future__ import annotations

import json
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
_ESCAPED_CRLF = re.compile(r"(?<!\\)((?:\\\\)*)\\r\\n")

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


_DECODER = json.JSONDecoder(parse_float=_number)
_ENCODER = json.JSONEncoder(ensure_ascii=True, check_circular=False, sort_keys=True, separators=(",", ":"))


def parse(body: bytes) -> Json:
    """The value that a body holds; raises `ValueError` when it is no JSON (or no UTF-8, or holds a number too big).

    Of a duplicate key the last value counts. Lone surrogates, escaped or encoded, are read.
    """
    if body[0] not in _FIRST:
        raise ValueError("not JSON")
    text = body.decode("utf-8", "surrogatepass")
    return _DECODER.decode(text[1:] if text.startswith("\ufeff") else text)


def canonical_text(value: Json) -> str:
    """One text per value: equal exactly when the values are, `\\r\\n` in strings taken as `\\n` as the Go side does."""
    text = _ENCODER.encode(value)
    return _ESCAPED_CRLF.sub(r"\1\\n", text) if "\\r\\n" in text else text


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

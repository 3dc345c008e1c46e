"""What a run under a fault shows: from how it ended to a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from pytest_llmcassette.errors import CassetteStop, RequestNotRecorded
from pytest_llmcassette.report.bad_days import Verdict

_LONGEST = 200
_CAUSES = re.compile(
    r"connect|network|socket|dns|resolv|name or service|ssl|tls|certificate|time.?out|timed out|redirect|http|status|"
    r"stream|chunk|clos|incomplete|truncat|interrupt|disconnect|reset|overload|rate.?limit|quota|server|response|answer|"
    r"reply|completion|unavailable|capacity|provider|\b(?:cut|ended|finish\w*|empty|api|llm|retr(?:y|ies)|4\d\d|5\d\d)\b",
    re.IGNORECASE,
)
"""Words for what goes wrong between a client and a provider."""
_ACCIDENTS = (LookupError, AttributeError, TypeError, NameError, ArithmeticError, UnicodeError)
"""What Python raises for a slip, with words of the code and not of the cause: `KeyError: 'response'`."""
# fmt: off
_CLIENTS = frozenset((
    "openai", "anthropic", "google", "mistralai", "groq", "cohere", "ollama", "httpx", "httpx2", "httpcore",
    "httpcore2", "aiohttp", "requests", "urllib3", "botocore", "boto3", "litellm", "huggingface_hub", "together",
    "fireworks", "replicate", "xai_sdk", "cerebras", "voyageai", "grpc", "ssl", "socket", "websockets",
))
# fmt: on
"""Packages whose own exceptions speak of a provider or of the network, by the first part of their names."""


@dataclass(slots=True)
class Ending:
    """How one run under a fault ended: what was raised in it, and what pytest made of that."""

    errors: list[BaseException] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """The first line of each failure or skip."""
    passed: bool = True
    hung: bool = False
    struck: bool = False
    recovered: bool = False
    """Whether the exchange that went wrong was asked for again, and answered as it was recorded."""
    snapshots_differ: bool = False
    """Whether a comparison with a snapshot, which was left out, would have failed."""
    misses: Sequence[CassetteStop] = ()
    providers: Sequence[str] = ()
    """Names of the provider whose answer went wrong: its host, its short name, the suite's own."""


def verdict(expects: str, ending: Ending) -> Verdict:
    """The verdict on a run; `expects` is `recover`, `notice` or `show`."""
    if ending.hung or any(map(_is_of_a_neighbour, ending.errors)):
        return Verdict.HUNG
    if not ending.struck:
        return Verdict.NOT_MET
    if any(isinstance(miss, RequestNotRecorded) for miss in ending.misses):
        return Verdict.NOT_RECORDED
    if expects == "show":
        return Verdict.PASSES if ending.passed else Verdict.FAILS
    if expects == "recover":
        return Verdict.RECOVERED if ending.passed else Verdict.NOT_RECOVERED
    if not ending.passed:
        return Verdict.MASKED if is_masked(ending) else Verdict.NOTICED
    if ending.recovered:
        return Verdict.RECOVERED
    return Verdict.NOT_ASSERTED if ending.snapshots_differ else Verdict.SWALLOWED


def _is_of_a_neighbour(error: BaseException) -> bool:
    """Whether pytest-timeout was faster, with the same limit (`func_only`)."""
    return isinstance(error, pytest.fail.Exception) and "from pytest-timeout" in str(error)


def is_masked(ending: Ending) -> bool:
    """Whether no exception of the run, as it is shown, tells of the provider or of what went wrong with it.

    A failed assertion is the test's own word, whatever it says.
    """
    shown = [one for error in ending.errors for one in _shown(error)]
    return bool(shown) and not any(_names(one, ending.providers) for one in shown)


def _names(error: BaseException, providers: Sequence[str]) -> bool:
    if isinstance(error, AssertionError | pytest.fail.Exception | pytest.skip.Exception | pytest.xfail.Exception):
        return True
    kind = type(error)
    if kind.__module__.partition(".")[0] in _CLIENTS:
        return True
    if kind.__module__ == "builtins" and isinstance(error, _ACCIDENTS):
        return False
    text = f"{kind.__qualname__}: {error}"
    return _CAUSES.search(text) is not None or any(name and name in text for name in providers)


def _shown(error: BaseException) -> Iterator[BaseException]:
    """The exception and those that its traceback shows before it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting.append(one.__cause__)
        if not one.__suppress_context__:
            waiting.append(one.__context__)
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def detail(ending: Ending) -> str:
    """What the test said, in one line; empty where it passed."""
    if ending.errors:
        error = ending.errors[0]
        said = str(error).strip().partition("\n")[0]
        return f"{type(error).__name__}: {said}".rstrip(": ")[:_LONGEST]
    return ending.reasons[0][:_LONGEST] if ending.reasons else ""

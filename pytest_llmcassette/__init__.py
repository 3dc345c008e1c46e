"""Snapshot tests for LLM provider integrations: record once, replay offline, assert what was asked, answered, spent.

Every name is imported when it is first asked for: pytest imports this package at each start, also where no test
uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmcassette.answers.equivalence import assert_equivalent, differences
    from pytest_llmcassette.context import RunningTest, use_cassette
    from pytest_llmcassette.errors import (
        CassetteError,
        CassetteFault,
        CassetteFileError,
        CassetteStop,
        ConfigError,
        NoCallsError,
        NotIntercepted,
        RecordingTruncated,
        RequestNotRecorded,
        RequestRefused,
        UnplayedError,
    )
    from pytest_llmcassette.faults.fault import Expect, Fault
    from pytest_llmcassette.faults.registry import all_faults, register_fault, response_faults, stream_faults
    from pytest_llmcassette.llm_cassette import LlmCassette
    from pytest_llmcassette.modes import RecordMode
    from pytest_llmcassette.protocols.transcript import Transcript
    from pytest_llmcassette.protocols.usage import Usage
    from pytest_llmcassette.provider import Provider
    from pytest_llmcassette.redaction import Redact

__all__ = [
    "CassetteError",
    "CassetteFault",
    "CassetteFileError",
    "CassetteStop",
    "ConfigError",
    "Expect",
    "Fault",
    "LlmCassette",
    "NoCallsError",
    "NotIntercepted",
    "Provider",
    "RecordMode",
    "RecordingTruncated",
    "RequestNotRecorded",
    "RequestRefused",
    "Transcript",
    "UnplayedError",
    "Usage",
    "all_faults",
    "assert_equivalent",
    "differences",
    "register_fault",
    "response_faults",
    "stream_faults",
    "use_cassette",
]

running_test: Callable[[], RunningTest | None] | None = None
"""Set by the plugin while a test runs: `use_cassette` asks for the test that it is entered in."""

redact: Callable[[], Redact | None] | None = None
"""Set by the plugin while a test runs: what a user's hook makes of a text, for a `use_cassette` that is no test's."""

_HOMES = {
    "Expect": "faults.fault",
    "Fault": "faults.fault",
    "LlmCassette": "llm_cassette",
    "Provider": "provider",
    "RecordMode": "modes",
    "Transcript": "protocols.transcript",
    "Usage": "protocols.usage",
    "all_faults": "faults.registry",
    "assert_equivalent": "answers.equivalence",
    "differences": "answers.equivalence",
    "register_fault": "faults.registry",
    "response_faults": "faults.registry",
    "stream_faults": "faults.registry",
    "use_cassette": "context",
}
"""The module of each name; those that are missing here are errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

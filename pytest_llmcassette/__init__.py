"""Snapshot tests for LLM provider integrations: record once, replay offline, assert what was asked, answered, spent.

Every name is imported when it is first asked for: pytest imports this package at each start, also where no test
uses it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmcassette.equivalence import assert_equivalent, differences
    from pytest_llmcassette.errors import (
        CassetteError,
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
    from pytest_llmcassette.llm_cassette import LlmCassette
    from pytest_llmcassette.modes import RecordMode
    from pytest_llmcassette.provider import Provider
    from pytest_llmcassette.transcript import Transcript
    from pytest_llmcassette.usage import Usage
    from pytest_llmcassette.use_cassette import use_cassette

__all__ = [
    "CassetteError",
    "CassetteFileError",
    "CassetteStop",
    "ConfigError",
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
    "assert_equivalent",
    "differences",
    "use_cassette",
]

_HOMES = {
    "LlmCassette": "llm_cassette",
    "Provider": "provider",
    "RecordMode": "modes",
    "Transcript": "transcript",
    "Usage": "usage",
    "assert_equivalent": "equivalence",
    "differences": "equivalence",
    "use_cassette": "use_cassette",
}
"""The module of each name; those that are missing here are errors."""


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # An import of the submodule `use_cassette` binds it here, where users look for the class of that name.
        if name == "use_cassette" and isinstance(value, ModuleType):
            value = value.use_cassette
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

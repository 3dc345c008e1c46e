"""The hooks that a conftest implements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmcassette.provider import Provider


def pytest_llmcassette_redact(text: str, place: str) -> str | None:
    """What may be kept of a text of a request or an answer; None leaves it as it is.

    `place` is `url`, `header:NAME`, `body`, or `event` for one of an event stream. The text is redacted already by the
    built-in rules and by `secret_patterns`. Recorded and live requests both go through here before they are compared,
    some of them twice, so that the same text must always give the same, and what is returned must give itself. Each
    implementation gets what the nearer conftest's has left; arguments may be left out.
    """


@pytest.hookspec(firstresult=True)
def pytest_llmcassette_providers(config: pytest.Config) -> Sequence[Provider] | None:
    """The providers that the tests below this conftest run against: `llm_provider` is each of them in turn.

    The nearest conftest decides. `config` may be left out.
    """

"""The hook that a conftest implements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmcassette.provider import Provider


@pytest.hookspec(firstresult=True)
def pytest_llmcassette_providers(config: pytest.Config) -> Sequence[Provider] | None:
    """The providers that the tests below this conftest run against: `llm_provider` is each of them in turn.

    The nearest conftest decides. `config` may be left out.
    """

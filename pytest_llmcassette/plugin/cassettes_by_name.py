"""What the fixture `llm_cassettes` is: `use_cassette` for names instead of paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.plugin import naming
from pytest_llmcassette.plugin.session import session_of


class LlmCassettes:
    """The cassettes in a test's folder: `with llm_cassettes("greeting") as cassette:`."""

    def __init__(self, item: pytest.Item, folder: Path) -> None:
        self._item = item
        self.folder = folder
        """Where they are: what `llm_cassette_dir` is for this test."""

    def use_cassette(self, name: str, **switches: Any) -> use_cassette:
        """`pytest_llmcassette.use_cassette` for a name as `@pytest.mark.cassette` takes it, with its suffix or without.

        Raises `CassetteError` for a name that is none.
        """
        if not isinstance(name, str) or not name.strip("/\\ .") or Path(name).is_absolute():
            raise CassetteError(
                f"llm_cassettes takes a cassette's name relative to {self.folder}, not {name!r}. "
                "For any other place there is pytest_llmcassette.use_cassette(path)."
            )
        fields = naming.fields_of(self._item) if isinstance(self._item, pytest.Function) else {}
        given = naming.explicit(name.removesuffix(".yaml").removesuffix(".yml"), fields)
        return use_cassette(
            naming.file_at(self.folder, given, session_of(self._item.config).template.suffix), **switches
        )

    __call__ = use_cassette

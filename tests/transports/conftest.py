from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import hostile

from pytest_llmcassette.transports import install


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patched, and no proxy of the machine in the way."""
    install()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[hostile.HostileServer]:
    with hostile.plain() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "it.yaml"

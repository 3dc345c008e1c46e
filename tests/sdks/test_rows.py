"""The README's table of SDKs, row by row: recorded from a server and replayed with it gone, the results are equal.

Rows of SDKs that are not installed are skipped, but not where `LLMCASSETTE_ALL_SDKS` is set: `tox run -e sdks` runs
them all.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import Any

import pytest
from doc_blocks import ROOT
from packaging.requirements import Requirement

from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.transports import exchange
from sdks.row import Row
from sdks.table import ROWS

# Their own.
pytestmark = pytest.mark.filterwarnings("ignore")
QUICK: dict[str, set[str] | None] = {
    "openai": {"sync, plain", "sync, stream", "async, stream", "async, embedding"},
    "openai with `DefaultAioHttpClient`": {"async, stream"},
    "boto3": {"sync, converse_stream"},
    **dict.fromkeys(("httpx", "httpx2", "aiohttp", "requests", "urllib3", "grpcio", "websockets")),
}
"""What other quick tests import too, all of its rows or some: an SDK takes seconds, and so may the types of a row."""
ASKED_FIRST = ["raw.githubusercontent.com", "huggingface.co"]
"""What litellm and huggingface_hub ask by themselves."""


def _param(row: Row) -> Any:
    rows = QUICK.get(row.sdk, set())
    quick = rows is None or f"{row.way}, {row.what}" in rows
    return pytest.param(row, id=row.name, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("row", [_param(row) for row in ROWS])
def test_recorded_and_replayed(row: Row, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = row.missing()
    if missing:
        assert "LLMCASSETTE_ALL_SDKS" not in os.environ, missing
        pytest.skip(missing)
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    seen = _watched(monkeypatch)
    with row.serve() as server:
        url = server.url
        with use_cassette(path, record_mode="once", ignore_hosts=ASKED_FIRST):
            live = row.ask(url, server.gate.open)
    assert not server.gate.waited_in_vain, "the first event came only with the last"
    with use_cassette(path, ignore_hosts=ASKED_FIRST):
        replayed = row.ask(url, lambda: None)
    assert replayed == live
    assert live
    assert set(seen) == {row.through}


def _watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The libraries whose requests an exchange is made for, as they come."""
    seen: list[str] = []
    original: Any = exchange.Exchange.__init__

    def made(self: Any, recorder: Any, method: str, url: str, errors: Any) -> None:
        name = getattr(errors, "name", type(errors).__module__.rpartition("transports.")[2].partition(".")[0])
        seen.append({"httpcore": "httpx", "httpcore2": "httpx2"}.get(name, name))
        original(self, recorder, method, url, errors)

    monkeypatch.setattr(exchange.Exchange, "__init__", made)
    return seen


def test_every_row_is_run_by_ci() -> None:
    """Of versions that exclude each other too; what is not installed there fails there."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    runs = tox["testenv:sdks"]
    assert "LLMCASSETTE_ALL_SDKS" in runs["set_env"]
    versions = {need for row in ROWS for need in row.needs if Requirement(need).specifier}
    assert not [need for need in versions if f'"{need}"' not in runs["commands_pre"] + runs["commands"]]
    assert "tox sdks" in (ROOT / ".ci" / "run").read_text("utf-8")

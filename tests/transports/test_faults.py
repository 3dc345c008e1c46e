"""What goes wrong in our own code, in a client's call, stops the test; no SDK takes it for an error of the network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers.hostile import HostileServer

from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteFault, CassetteStop
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.playlist import Playlist
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.slot import RecordingSlot
from pytest_llmcassette.replay.plan import Delivery
from pytest_llmcassette.transports import guard
from pytest_llmcassette.transports.httpcore import pools
from transports.clients import HTTPX, ONE_HALF, each, fetch

URL = "http://127.0.0.1:9/json"


def recorder(path: Path, mode: str = "none") -> Recorder:
    config = CassetteConfig(record_mode=mode)  # type: ignore[arg-type]
    return Recorder(path, config, how_to_record="pytest ...", owner="test_it.py::test_it")


FAULTY: Any = staticmethod(partial(len, 1))  # type: ignore[arg-type]
"""Raises a TypeError, and has no line of source that a user could have written."""


def broken(*arguments: Any, **options: Any) -> Any:
    raise KeyError("what nobody expected")


@each(ONE_HALF)
@pytest.mark.parametrize(
    ("owner", "name", "mode"),
    [
        (Playlist, "take", "none"),
        (pools, "url_of", "none"),
        pytest.param(RecordingSlot, "headers", "rewrite", marks=pytest.mark.slow),
        (RecordingSlot, "_interaction", "rewrite"),
    ],
)
def test_a_fault_of_ours_stops_the_test(
    kind: str, owner: Any, name: str, mode: str, server: HostileServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if owner is pools and kind not in HTTPX:
        pytest.skip("no pool of httpcore")
    monkeypatch.setattr(owner, name, FAULTY)
    with in_force.activate(recorder(path, mode)) as under, pytest.raises(CassetteFault) as caught:
        fetch(kind, "GET", server.url + "/json?key=secret")
    said = str(caught.value)
    assert said.startswith("A fault of pytest-llmcassette, not of your code and not of the network")
    for part in ("TypeError: len() takes", "for test_it.py::test_it", "pytest-llmcassette 0", "Python 3", "httpcore "):
        assert part in said
    assert "secret" not in said
    assert caught.value in under.misses


def test_an_error_of_the_network_stays_what_it_is(path: Path) -> None:
    with in_force.activate(recorder(path, "rewrite")) as under, pytest.raises(httpx.ConnectError):
        httpx.get(URL)
    assert under.misses == []


def test_an_exception_of_a_users_generator_is_the_clients(path: Path) -> None:
    def body() -> Any:
        yield b"one"
        raise ValueError("of the user's own")

    with in_force.activate(recorder(path)) as under, pytest.raises(ValueError, match="of the user's own"):
        httpx.post(URL, content=body())
    assert under.misses == []


def at_once(delivery: Delivery) -> Delivery:
    raise ValueError("no such event")


def later(delivery: Delivery) -> Delivery:
    delivery.pieces = ((0.0, broken(number)) for number in range(2))
    return delivery


@pytest.mark.parametrize("change", [at_once, later])
def test_one_of_the_users_code_is_named_as_theirs(path: Path, change: Callable[[Delivery], Delivery]) -> None:
    save(path, [Interaction(request=Request(url=URL), response=Response(body=b"text"))])
    under = recorder(path)
    under.changes = (change,)
    with in_force.activate(under), pytest.raises(CassetteFault) as caught:
        httpx.get(URL)
    assert "test_faults.py, line" in str(caught.value).partition(" raised an exception")[0]
    assert "Mend it there" in str(caught.value)


def test_a_guard_that_does_not_understand_a_library_is_a_fault(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "is_ignored", FAULTY)
    import urllib.request

    with in_force.activate(recorder(path)), pytest.raises(CassetteStop, match=r"a request through urllib\.request"):
        urllib.request.urlopen(URL)

"""Each fault, through each official SDK: what a client meets on replay is what it meets in life.

In life a server of raw sockets misbehaves in the same way. What it sends is what the fault made of the recording; how it
ends the connection is written here.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.misbehaving import MisbehavingServer

from faults.sdks import SDKS, Sdk, outcome
from faults.streams import TEXT
from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.faults.fault import Fault
from pytest_llmcassette.faults.injection import Injections, injection
from pytest_llmcassette.faults.registry import all_faults
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.replay.deliver import Delivery, deliver
from pytest_llmcassette.transports import install

IMPATIENT = 0.25
"""Seconds that a client waits where nothing is to come."""
SILENT = ("stall", "read_timeout", "slow_first_token", "pool_timeout")
_ENDS = {"": "close", "RemoteProtocolError": "close", "ReadError": "reset", "ReadTimeout": "stall"}


@pytest.fixture(scope="module")
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as running:
        yield running


@pytest.fixture(scope="module")
def recordings(server: MisbehavingServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A cassette of each SDK's good answer."""
    folder = tmp_path_factory.mktemp("recordings")
    found = {}
    for sdk in SDKS.values():
        found[sdk.name] = folder / f"{sdk.name}.yaml"
        server.sends, server.then = _answer(sdk.body, sdk.content_type, chunked=True), "close"
        with use_cassette(found[sdk.name], record_mode="once"):
            assert outcome(sdk, server.url, is_async=False) == ("OK", TEXT)
    return found


def _answer(body: bytes, content_type: str, *, chunked: bool, ends: bool = True) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + _chunks(body, ends=ends)


def _chunks(body: bytes, *, ends: bool) -> bytes:
    return (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if ends else b"")


def _on_the_wire(delivery: Delivery) -> bytes:
    """What a server sends: lengths are said as HTTP has them."""
    head = delivery.head
    if head is None:
        return b""
    body = b"".join(piece for _, piece in delivery.pieces)
    lines = [b"HTTP/1.1 %d %b" % (head.status, head.reason), *(b": ".join(line) for line in head.headers)]
    has_length = any(name.lower() == b"content-length" for name, _ in head.headers)
    if not has_length:
        lines.append(b"Transfer-Encoding: chunked")
        body = _chunks(body, ends=delivery.end is None)
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


def in_life(fault: Fault, sdk: Sdk, server: MisbehavingServer, recording: Path, *, is_async: bool) -> tuple[str, str]:
    """What the SDK makes of a server that misbehaves so."""
    [recorded] = load(recording)
    delivery = fault.change(deliver(recorded, CassetteConfig()))
    timeout = IMPATIENT if fault.name in SILENT else 30.0
    if fault.name == "pool_timeout":
        return outcome(sdk, server.url, is_async=is_async, timeout=timeout, hold=server.url + "/hold")
    if fault.name == "connect_error":
        return outcome(sdk, "http://127.0.0.1:1", is_async=is_async)
    if fault.name == "dns_failure":
        return outcome(sdk, "http://no-such-host.invalid", is_async=is_async)
    if fault.name == "tls_failure":
        with MisbehavingServer(_untrusted(recording.parent)) as untrusted:
            return outcome(sdk, untrusted.url, is_async=is_async)
    server.sends, server.then = _on_the_wire(delivery), _ENDS["" if delivery.end is None else delivery.end.kind]
    if fault.name in ("slow_first_token", "read_timeout"):
        server.sends, server.then = b"", "stall"
    return outcome(sdk, server.url, is_async=is_async, timeout=timeout)


def on_replay(fault: Fault, sdk: Sdk, server: MisbehavingServer, recording: Path, *, is_async: bool) -> tuple[str, str]:
    """What it makes of the fault in a replay."""
    recorder = Recorder(recording, CassetteConfig(), how_to_record="", owner="")
    recorder.changes = (Injections([injection(fault, always=True)]),)
    timeout = IMPATIENT if fault.name in SILENT else 30.0
    with in_force.activate(recorder):
        return outcome(sdk, server.url, is_async=is_async, timeout=timeout)


def _untrusted(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder))
    return context

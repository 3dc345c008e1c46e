"""Each fault, through each official SDK: what a client meets on replay is what it meets in life.

In life a server of raw sockets misbehaves in the same way. What it sends is what the fault makes of a recording; how it
ends the connection is written here. What the SDKs make of it stands in docs/faults.md, as a table that is checked here.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import trustme
from servers.misbehaving import MisbehavingServer

from faults.sdks import PLAIN, SDKS, Sdk, outcome
from faults.streams import TEXT
from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.faults.fault import Expect, Fault
from pytest_llmcassette.faults.injection import injection
from pytest_llmcassette.faults.registry import all_faults, fault
from pytest_llmcassette.replay.deliver import Delivery, deliver

DOCS = Path(__file__).parent.parent.parent / "docs" / "faults.md"
IMPATIENT = 0.25
"""Seconds that a client waits where nothing is to come."""
OF_DOCUMENTS = ("reset", "html_page", "empty_body", "truncated_json")
"""The faults that an SDK may meet otherwise where the answer is one document."""
SILENT = ("stall", "read_timeout", "slow_first_token", "pool_timeout")
_ENDS = {"": "close", "RemoteProtocolError": "close", "ReadError": "reset", "ReadTimeout": "stall"}

Outcome = tuple[str, str]

# An SDK's own warnings would be other outcomes.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as running:
        yield running


@pytest.fixture(scope="module")
def untrusted() -> Iterator[MisbehavingServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with MisbehavingServer(context) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Cohere's client logs every event that it does not know, each in forty lines."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


class Recordings(dict[Sdk, Path]):
    """A cassette of each SDK's good answer, recorded when it is first asked for."""

    def __init__(self, server: MisbehavingServer, folder: Path) -> None:
        super().__init__()
        self._server = server
        self._folder = folder

    def __missing__(self, sdk: Sdk) -> Path:
        path = self[sdk] = self._folder / f"{sdk.name} {sdk.is_stream}.yaml"
        framing, body = "Transfer-Encoding: chunked", _chunks(sdk.body, is_whole=True)
        if not sdk.is_stream:
            framing, body = f"Content-Length: {len(sdk.body)}", sdk.body
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {sdk.content_type}\r\n{framing}\r\n\r\n"
        self._server.sends, self._server.then = head.encode() + body, "close"
        with use_cassette(path, record_mode="once"):
            assert outcome(sdk, self._server.url, is_async=False) == ("OK", TEXT)
        return path


@pytest.fixture(scope="module")
def recordings(server: MisbehavingServer, tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    return Recordings(server, tmp_path_factory.mktemp("recordings"))


def _chunks(body: bytes, *, is_whole: bool) -> bytes:
    return (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if is_whole else b"")


def on_the_wire(delivery: Delivery) -> bytes:
    """What a server sends: a body without a length comes in chunks, and one that is cut without the last of them."""
    head = delivery.head
    if head is None:
        return b""
    body = b"".join(piece for _, piece in delivery.pieces)
    lines = [b"HTTP/1.1 %d %b" % (head.status, head.reason), *(b": ".join(line) for line in head.headers)]
    if not any(name.lower() == b"content-length" for name, _ in head.headers):
        lines.append(b"Transfer-Encoding: chunked")
        body = _chunks(body, is_whole=delivery.end is None)
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


class Life:
    """What SDKs make of servers that misbehave."""

    def __init__(self, server: MisbehavingServer, untrusted: MisbehavingServer) -> None:
        self._server = server
        self._untrusted = untrusted

    def outcome(self, fault: Fault, sdk: Sdk, recording: Path, *, is_async: bool) -> Outcome:
        server, url, hold = self._server, self._server.url, ""
        [recorded] = load(recording)
        delivery = fault.change(deliver(recorded, CassetteConfig()))
        server.sends, server.then = on_the_wire(delivery), _ENDS.get(delivery.end.kind if delivery.end else "", "")
        if fault.name in ("slow_first_token", "read_timeout"):
            server.sends, server.then = b"", "stall"
        elif fault.name == "pool_timeout":
            hold = url + "/hold"
        elif fault.name == "connect_error":
            url = "http://127.0.0.1:1"
        elif fault.name == "dns_failure":
            url = "http://no-such-host.invalid"
        elif fault.name == "tls_failure":
            url = self._untrusted.url
        return outcome(sdk, url, is_async=is_async, timeout=_patience(fault), hold=hold)


@pytest.fixture(scope="module")
def life(server: MisbehavingServer, untrusted: MisbehavingServer) -> Life:
    return Life(server, untrusted)


def _patience(fault: Fault) -> float:
    return IMPATIENT if fault.name in SILENT else 30.0


def on_replay(fault: Fault, sdk: Sdk, url: str, recording: Path, *, is_async: bool) -> Outcome:
    """What it makes of the fault in a replay."""
    with use_cassette(recording, faults=[injection(fault, always=True)]):
        return outcome(sdk, url, is_async=is_async, timeout=_patience(fault))


def fitting(recordings: Recordings, fault: Fault, sdks: dict[str, Sdk] = SDKS) -> list[Sdk]:
    return [sdk for sdk in sdks.values() if fault.fits(load(recordings[sdk])[0])]


@pytest.mark.slow
@pytest.mark.parametrize("fault", all_faults(), ids=str)
def test_what_an_sdk_raises_is_what_it_raises_in_life(
    fault: Fault, life: Life, server: MisbehavingServer, recordings: Recordings
) -> None:
    documents = fitting(recordings, fault, PLAIN) if fault.name in OF_DOCUMENTS else []
    for sdk in [*fitting(recordings, fault), *documents]:
        for is_async in (False, True):
            replayed = on_replay(fault, sdk, server.url, recordings[sdk], is_async=is_async)
            assert replayed == life.outcome(fault, sdk, recordings[sdk], is_async=is_async), (sdk.name, is_async)


OPENAI, OLLAMA = ("openai", True), ("ollama", False)
"""And whether it is asked in an event loop."""


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("cut_after_event", [OPENAI, OLLAMA]),
        ("reset", [OPENAI]),
        ("error_event", [OPENAI]),
        ("http_429", [OLLAMA]),
        # In life these wait.
        ("stall", [OPENAI]),
        ("read_timeout", [OLLAMA]),
    ],
)
def test_a_sample_of_that(
    name: str, ways: list[tuple[str, bool]], life: Life, server: MisbehavingServer, recordings: Recordings
) -> None:
    for called, is_async in ways:
        sdk = SDKS[called]
        replayed = on_replay(fault(name), sdk, server.url, recordings[sdk], is_async=is_async)
        assert replayed == life.outcome(fault(name), sdk, recordings[sdk], is_async=is_async), (name, sdk.name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_over_aiohttp_too(
    name: str, life: Life, server: MisbehavingServer, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiohttp")
    package = import_module(name)
    [made] = {kind for kind in ("AsyncOpenAI", "AsyncAnthropic") if hasattr(package, kind)}
    client = getattr(package, made)

    def on_aiohttp(timeout: float, **options: Any) -> Any:
        http_client = package.DefaultAioHttpClient(timeout=timeout)
        return client(timeout=timeout, http_client=http_client, **options)

    monkeypatch.setattr(package, made, on_aiohttp)
    sdk = SDKS[name]
    for row in all_faults():
        # Nobody else holds aiohttp's only connection.
        if row.name != "pool_timeout" and row.fits(load(recordings[sdk])[0]):
            replayed = on_replay(row, sdk, server.url, recordings[sdk], is_async=True)
            assert replayed == life.outcome(row, sdk, recordings[sdk], is_async=True), row.name


def patient(sdk: Sdk) -> Sdk:
    """The same SDK, with its own retries."""

    def made(base: str, timeout: float, is_async: bool) -> Any:
        client = sdk.made(base, timeout, is_async)
        client.max_retries = 2
        return client

    return sdk._replace(made=made)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openai", "anthropic", "groq"])
def test_what_an_sdk_tries_again_is_answered_with_the_recording(
    name: str, server: MisbehavingServer, recordings: Recordings
) -> None:
    sdk = patient(SDKS[name])
    for row in all_faults():
        if row.expect is not Expect.RECOVER or not row.fits(load(recordings[sdk])[0]):
            continue
        for is_async in (False, True):
            with use_cassette(recordings[sdk], faults=[row]) as cassette:
                assert outcome(sdk, server.url, is_async=is_async) == ("OK", TEXT), row.name
            assert cassette.transcript.complete, row.name


PACKAGES = {"openai": "openai", "openai responses": "openai"}


def table(recordings: Recordings, url: str) -> str:
    """What each SDK makes of each fault: its exception, or the words that it gives as the answer."""
    columns = [f"{name} {version(PACKAGES.get(name, name))}" for name in SDKS]
    lines = ["| fault | " + " | ".join(columns) + " |", "|---" * (len(SDKS) + 1) + "|"]
    of_documents = [(f"`{name}` of a document", fault(name), PLAIN) for name in OF_DOCUMENTS]
    for called, row, sdks in [*((f"`{row.name}`", row, SDKS) for row in all_faults()), *of_documents]:
        cells = []
        fits = fitting(recordings, row, sdks)
        for sdk in sdks.values():
            ways = (False, True) if sdk in fits else ()
            met = {on_replay(row, sdk, url, recordings[sdk], is_async=way) for way in ways}
            assert len(met) <= 1, f"{row.name} through {sdk.name} differs between sync and async: {met}"
            cells.append(_cell(row, *met.pop()) if met else "")
        if fits:
            lines.append(f"| {called} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(row: Fault, ending: str, words: str) -> str:
    """In bold what a test should know: a fault to notice that is not, or one to outlive in a stream that is not."""
    is_good = ending == "OK"
    answer = "the answer" if words == TEXT else "another answer" if words else "an empty answer"
    shown = answer if is_good else ending.partition(".")[2] or ending
    if row.name in ("keep_alive", "unknown_events", "unknown_fields"):
        return shown if is_good else f"**{shown}**"
    return f"**{shown}**" if is_good and row.expect is Expect.NOTICE else shown


@pytest.mark.slow
def test_the_table_in_the_docs(server: MisbehavingServer, recordings: Recordings) -> None:
    shown, made = _shown("table of SDKs"), table(recordings, server.url)
    if shown and made.partition("\n")[0] != shown.partition("\n")[0]:
        pytest.skip("the table in docs/faults.md is of other versions: delete it, and run this test")
    assert _written("table of SDKs", made) == made


def test_the_list_in_the_docs() -> None:
    rows = [f"| `{_called(row)}` | {row.moment} | {row.expect} | {row.sentence} |\n" for row in all_faults()]
    made = "".join(["| fault | of a | expect | what happens |\n", "|---|---|---|---|\n", *rows])
    assert _written("table of faults", made) == made


def _called(row: Fault) -> str:
    options = ", ".join(f"{one}=..." for one in row.options())
    return f"{row.name}({options})" if options else row.name


def _shown(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->\n", DOCS.read_text("utf-8"), re.DOTALL)
    assert found is not None, f"docs/faults.md has no place for the {name}"
    return found[1]


def _written(name: str, made: str) -> str:
    """What stands in the docs; where nothing does `made` is put there."""
    shown, place = _shown(name), f"<!-- {name} -->\n"
    if not shown:
        DOCS.write_text(DOCS.read_text("utf-8").replace(place, place + made), "utf-8")
    return shown

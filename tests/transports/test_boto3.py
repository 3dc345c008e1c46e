"""boto3's four operations of Bedrock, recorded from a server with real frames and replayed, and what signing leaves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aws_frames
import pytest
from servers.loopback import serving

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import RequestNotRecorded

boto3 = pytest.importorskip("boto3")
from botocore import exceptions  # noqa: E402
from botocore.config import Config  # noqa: E402

WORDS = ("Olá", ", ", "mundo", "!")
CONVERSE = [
    aws_frames.event("messageStart", {"role": "assistant"}),
    *(aws_frames.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": word}}) for word in WORDS),
    aws_frames.event("contentBlockStop", {"contentBlockIndex": 0}),
    aws_frames.event("messageStop", {"stopReason": "end_turn"}),
    aws_frames.event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}, "metrics": {}}),
]
INVOKE = [aws_frames.chunk({"type": "delta", "text": word}) for word in WORDS]
PLAIN = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Olá, mundo!"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
    "metrics": {"latencyMs": 5},
}
ASKED = {"modelId": "amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": [{"text": "Say é"}]}]}
INVOKED = {"modelId": "anthropic.m-v1:0", "body": b'{"prompt": "Say it"}'}


class Bedrock(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.running = ExitStack()
        self.gate = threading.Event()
        self.seen: list[dict[str, str]] = []
        self.fails = 0
        self.hangs = self.drops = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Bedrock

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(dict(self.headers.items()))
        if self.server.drops:
            self.close_connection = True
        elif self.server.hangs:
            self.server.gate.wait(5)
            self.close_connection = True
        elif self.server.fails:
            self.server.fails -= 1
            self._answer(429, {"message": "slow down"}, "ThrottlingException")
        elif self.path.endswith("stream"):
            self._stream(CONVERSE if "converse" in self.path else INVOKE)
        else:
            self._answer(200, PLAIN if self.path.endswith("/converse") else {"completion": "Olá"})

    def _answer(self, status: int, document: Any, error: str = "") -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, frames: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.amazon.eventstream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, frame in enumerate([*frames, b""]):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            if not number:
                self.server.gate.wait(5)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def bedrock() -> Iterator[Bedrock]:
    with Bedrock() as server, server.running:
        server.running.enter_context(serving(server))
        yield server
        server.gate.set()


@pytest.fixture(scope="module")
def session() -> Any:
    """One for all clients: it reads the descriptions of the services."""
    return boto3.Session(aws_access_key_id="AKIAOFMINE", aws_secret_access_key="s3cret", aws_session_token="t0ken")


@pytest.fixture
def client(session: Any, bedrock: Bedrock) -> Callable[..., Any]:
    def make(**config: Any) -> Any:
        options = {"retries": {"total_max_attempts": 1}, **config}
        return session.client("bedrock-runtime", "us-east-1", endpoint_url=bedrock.url, config=Config(**options))

    return make


def _converse(client: Any, on_first: Callable[[], None]) -> Any:
    answer = client.converse(**ASKED)
    return {name: answer[name] for name in ("output", "stopReason", "usage", "metrics")}


def _converse_stream(client: Any, on_first: Callable[[], None]) -> Any:
    return _events(client.converse_stream(**ASKED)["stream"], on_first)


def _invoke(client: Any, on_first: Callable[[], None]) -> Any:
    answer = client.invoke_model(**INVOKED)
    return answer["contentType"], answer["body"].read()


def _invoke_stream(client: Any, on_first: Callable[[], None]) -> Any:
    return _events(client.invoke_model_with_response_stream(**INVOKED)["body"], on_first)


def _events(stream: Any, on_first: Callable[[], None]) -> list[Any]:
    events = []
    for event in stream:
        on_first()
        events.append(event)
    return events


OPERATIONS = (_converse, _converse_stream, _invoke, _invoke_stream)


def _run(client: Any, on_first: Callable[[], None] = lambda: None) -> list[Any]:
    return [operation(client, on_first) for operation in OPERATIONS]


@pytest.mark.slow
def test_four_operations_come_back_the_same_however_they_are_cut(
    client: Callable[..., Any], bedrock: Bedrock, path: Path
) -> None:
    """Streams are live while recorded: the server waits until the client has the first event."""
    with use_cassette(path, record_mode="once") as cassette:
        live = _run(client(), bedrock.gate.set)
        transcripts = [one.text for one in cassette.transcripts]
    assert [len(bedrock.seen), len(live[1]), len(live[3])] == [4, len(CONVERSE), len(INVOKE)]
    assert live[0] == PLAIN
    assert transcripts[:2] == ["Olá, mundo!"] * 2
    bedrock.running.close()
    for chunking in ("event", "byte", "whole", "size:7", "random:3"):
        with use_cassette(path, chunking=chunking):
            assert _run(client()) == live, chunking


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_an_event_stream_that_is_cut_at_any_byte(
    step: int, client: Callable[..., Any], bedrock: Bedrock, path: Path
) -> None:
    """Each recorded answer came in two pieces, cut some bytes further on."""
    with use_cassette(path, record_mode="once"):
        events = _converse_stream(client(), bedrock.gate.set)
    [one] = load(path)
    # Three of them: a file of all takes seconds.
    one = replace(one, response=replace(one.response, body=b"".join(CONVERSE[1:4])))
    size = len(one.response.body)
    places = range(1, size, step)
    save(path, [replace(one, chunks=((0, place), (1, size - place))) for place in places])
    asking = client()
    with use_cassette(path, chunking="recorded"):
        assert all(_converse_stream(asking, lambda: None) == events[1:4] for _ in places)


def test_nothing_that_signing_adds_is_written_or_matched(
    session: Any, client: Callable[..., Any], bedrock: Bedrock, path: Path
) -> None:
    with use_cassette(path, record_mode="once"):
        _converse(client(), bedrock.gate.set)
    [seen] = bedrock.seen
    assert {"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "amz-sdk-invocation-id"} <= seen.keys()
    written = path.read_text("utf-8")
    for secret in ("AKIAOFMINE", "t0ken", "Signature", "SignedHeaders", "X-Amz", seen["X-Amz-Date"]):
        assert secret.lower() not in written.lower(), secret
    other = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y")
    with use_cassette(path):
        _converse(other.client("bedrock-runtime", "us-east-1", endpoint_url=bedrock.url), bedrock.gate.set)


def test_a_presigned_url_matches_whenever_it_was_signed(bedrock: Bedrock, session: Any, path: Path) -> None:
    import requests

    time_machine = pytest.importorskip("time_machine")
    storage = session.client("s3", "us-east-1", endpoint_url=bedrock.url, config=Config(signature_version="s3v4"))
    for mode, moment in (("once", "2026-01-01"), ("none", "2026-02-02")):
        with time_machine.travel(f"{moment}T00:00Z"):
            url = storage.generate_presigned_url("put_object", {"Bucket": "b", "Key": "k"})
        assert f"X-Amz-Date={moment.replace('-', '')}T" in url
        with use_cassette(path, record_mode=mode):
            assert requests.post(url, data=b"{}", timeout=5).status_code == 200
    written = path.read_text("utf-8")
    for secret in ("AKIAOFMINE", "t0ken", "20260101T"):
        assert secret not in written


def test_throttling_is_retried_by_botocore_and_left_out(
    client: Callable[..., Any], bedrock: Bedrock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    bedrock.fails = 2
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode):
            assert _converse(client(retries={"total_max_attempts": 4}), bedrock.gate.set) == PLAIN
    assert len(bedrock.seen) == 3
    assert [one.response.code for one in load(path)] == [200]


def test_errors_are_botocores_own(client: Callable[..., Any], bedrock: Bedrock, session: Any, path: Path) -> None:
    def fail(expected: type[Exception], asking: Any) -> str:
        with pytest.raises(expected) as caught:
            asking.converse(**ASKED)
        return str(caught.value)

    refused = session.client(
        "bedrock-runtime",
        "us-east-1",
        endpoint_url="http://127.0.0.1:1",
        config=Config(retries={"total_max_attempts": 1}),
    )
    told = []
    for mode in ("once", "none"):
        # Equal requests, which would count as retries.
        with use_cassette(path, record_mode=mode, record_errors=True):
            bedrock.fails, bedrock.hangs, bedrock.drops = 1, False, False
            throttled = fail(client().exceptions.ThrottlingException, client())
            bedrock.hangs = True
            timed_out = fail(exceptions.ReadTimeoutError, client(read_timeout=0.1))
            bedrock.drops = True
            closed = fail(exceptions.ConnectionClosedError, client())
            told.append((throttled, timed_out, closed, fail(exceptions.EndpointConnectionError, refused)))
    assert told[0] == told[1]
    assert [one.end for one in load(path)] == ["", "ReadTimeout", "RemoteProtocolError", "ConnectError"]


def test_a_miss_is_neither_wrapped_nor_retried(client: Callable[..., Any], bedrock: Bedrock, path: Path) -> None:
    asking = client(retries={"total_max_attempts": 5})
    with pytest.raises(RequestNotRecorded, match="nova-lite"), use_cassette(path):
        asking.converse(**ASKED)
    assert bedrock.seen == []
    bedrock.gate.set()
    assert asking.converse(**ASKED)["output"] == PLAIN["output"]


@pytest.mark.slow
def test_twenty_threads_at_once_get_their_own_answers(client: Callable[..., Any], bedrock: Bedrock, path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    asking = client(max_pool_connections=20)

    def ask(number: int) -> Any:
        messages = [{"role": "user", "content": [{"text": f"number {number}"}]}]
        events = list(asking.converse_stream(modelId="m", messages=messages)["stream"])
        return len(events), number

    bedrock.gate.set()
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode), ThreadPoolExecutor(20) as pool:
            assert list(pool.map(ask, range(20))) == [(len(CONVERSE), number) for number in range(20)]
    assert len(bedrock.seen) == 20
    for one in load(path):
        assert one.response.body == b"".join(CONVERSE)


def test_the_machine_is_not_asked_for_credentials(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a cloud's metadata service nothing is recorded, and a replay does not wait for it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3")
    started = time.perf_counter()
    with use_cassette(path, allow_no_calls=True) as cassette, pytest.raises(exceptions.NoCredentialsError):
        boto3.Session().client("bedrock-runtime", "us-east-1").converse(**ASKED)
    assert time.perf_counter() - started < 5
    assert cassette.requests == ()
    (tmp_path / "none").write_text("[profile mine]\naws_access_key_id = x\naws_secret_access_key = y\n")
    with pytest.raises(RequestNotRecorded), use_cassette(path):
        boto3.Session(profile_name="mine").client("bedrock-runtime", "us-east-1").converse(**ASKED)


_BY_PATH: dict[str, Callable[[Any, str, bytes], Any]] = {
    "converse": lambda client, model, body: client.converse(modelId=model, **json.loads(body)),
    "converse-stream": lambda client, model, body: list(
        client.converse_stream(modelId=model, **json.loads(body))["stream"]
    ),
    "invoke": lambda client, model, body: client.invoke_model(modelId=model, body=body)["body"].read(),
    "invoke-with-response-stream": lambda client, model, body: list(
        client.invoke_model_with_response_stream(modelId=model, body=body)["body"]
    ),
}


def test_recordings_of_other_clients_replay_through_boto3(corpus: Path, session: Any) -> None:
    """Those of Go's SDK and of botocore under VCR.py."""
    played = dict.fromkeys(_BY_PATH, 0)
    clients: dict[str, Any] = {}
    for file in sorted(corpus.rglob("*.y*ml")):
        if b"bedrock-runtime" not in file.read_bytes():
            continue
        asked = [one.request for one in load(file)]
        hosts = {urlsplit(one.url).hostname for one in asked}
        if not all(str(host).startswith("bedrock-runtime.") for host in hosts):
            continue
        with use_cassette(file):
            for one in asked:
                host, (_, _, model, operation) = urlsplit(one.url).hostname or "", urlsplit(one.url).path.split("/")
                region = host.split(".")[1]
                if region not in clients:
                    config = Config(retries={"total_max_attempts": 1})
                    clients[region] = session.client("bedrock-runtime", region, config=config)
                try:
                    _BY_PATH[operation](clients[region], unquote(model), one.body)
                except (exceptions.ClientError, exceptions.EventStreamError):
                    """So it was recorded."""
                played[operation] += 1
    assert min(played.values()) > 3, played

"""gRPC calls, recorded from a server on this machine and replayed when it has stopped, in both of grpc's APIs."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from frozen import others

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import CassetteStop, RecordingTruncated, RequestNotRecorded, RequestRefused
from pytest_llmcassette.provider import Provider
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.outside import Block

grpc = pytest.importorskip("grpc")
struct = pytest.importorskip("google.protobuf.struct_pb2")

from servers.calls import SECRET, CallServer  # noqa: E402
from servers.plain import PlainServer  # noqa: E402

from transports.grpc_calls import AIO, SYNC, Got, call, call_async, call_on, kind_of, requests_of, ways  # noqa: E402

READABLE = {
    "request_serializer": struct.Struct.SerializeToString,
    "response_deserializer": struct.Struct.FromString,
}
APIS = pytest.mark.parametrize("api", [SYNC, AIO])


@pytest.fixture
def calls() -> Iterator[CallServer]:
    with CallServer() as server:
        yield server


def message(**fields: Any) -> Any:
    made = struct.Struct()
    made.update(fields)
    return made


def twice(calls: CallServer, path: Path, ask: Callable[[], Any], **switches: Any) -> tuple[Any, Any]:
    """Recorded, and replayed when the server has stopped."""
    with use_cassette(path, record_mode="once", **switches):
        live = ask()
    calls.stop()
    with use_cassette(path, **switches):
        return live, ask()


@pytest.mark.parametrize("readable", [True, False], ids=["protobuf", "bytes"])
def test_every_kind_in_every_way(readable: bool, calls: CallServer, path: Path) -> None:
    def make(number: int) -> Any:
        return message(**{f"field{number}": "ä"}) if readable else b"%d " % number

    def ask() -> list[Got]:
        form = READABLE if readable else None
        return [
            call(api, calls.target, name, *requests_of(name, make), way=way, form=form, timeout=20)
            for api, name, way in ways()
        ]

    live, replayed = twice(calls, path, ask)
    assert live == replayed
    assert {got.code for got in live} == {"OK"}
    assert [len(got.messages) for got in live] == [
        {"unary_unary": 1, "unary_stream": 3, "stream_unary": 1, "stream_stream": 6}[kind_of(name)]
        for _, name, _ in ways()
    ]
    recorded = load(path)
    assert len(recorded) == len(ways()) == len(calls.seen)
    assert {one.request.body for one in recorded if b"Unary" in one.request.url.encode()} == {
        '{"field0": "ä"}'.encode() if readable else b"0 "
    }
    assert all(bool(frame.json) is readable for one in recorded for frame in one.frames)


@APIS
def test_errors_and_deadlines_are_grpcs_own(api: str, calls: CallServer, path: Path) -> None:
    def ask() -> list[Got]:
        return [call(api, calls.target, "Fail", b"a"), call(api, calls.target, "Slow", b"a", timeout=0.1)]

    live, replayed = twice(calls, path, ask)
    assert live == replayed
    assert live[0] == Got([], "INVALID_ARGUMENT", "no such model: ä", "7")
    assert (live[1].code, live[1].details) == ("DEADLINE_EXCEEDED", "Deadline Exceeded")


@APIS
def test_a_client_waits_no_longer_than_its_deadline(api: str, calls: CallServer, path: Path) -> None:
    with use_cassette(path, record_mode="once"):
        call(api, calls.target, "Unary", b"a")
    recorded = path.read_text().replace("duration: ", "duration: 1h")
    path.write_text(recorded)
    with use_cassette(path, timing="recorded"):
        began = time.monotonic()
        assert call(api, calls.target, "Unary", b"a", timeout=0.05).code == "DEADLINE_EXCEEDED"
        assert time.monotonic() - began < 5
        # And may ask again.
        assert call(api, calls.target, "Unary", b"a", timeout=0.05).code == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize(
    ("year", "api"),
    [(2001, SYNC), (2100, AIO), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((2001, AIO), (2100, SYNC)))],
)
def test_a_test_that_sets_the_clock(year: int, api: str, calls: CallServer, path: Path) -> None:
    """grpc takes a deadline from the clock that the test sets, and waits for it by the real one."""
    freezegun = pytest.importorskip("freezegun")

    def ask() -> list[str]:
        with freezegun.freeze_time(f"{year}-01-01", ignore=others({"grpc", "transports"})):
            timeouts = {"Unary": 20, "Slow": 0.1}
            return [call(api, calls.target, name, b"a", timeout=limit).code for name, limit in timeouts.items()]

    live, replayed = twice(calls, path, ask)
    assert live == replayed == ["OK", "DEADLINE_EXCEEDED"]


@APIS
def test_the_first_message_comes_before_the_last_is_sent(api: str, calls: CallServer, path: Path) -> None:
    def ask() -> Got:
        return call(api, calls.target, "Gate", b"a", on_message=calls.go_on.set, timeout=10)

    live, replayed = twice(calls, path, ask)
    assert live == replayed == Got([b"a", b"a"])


@APIS
def test_a_changed_request_is_a_miss_in_the_clients_own_call(api: str, calls: CallServer, path: Path) -> None:
    # The service config of xAI's SDK, which tries again whatever looks like a server that is away.
    def ask(word: str) -> Got:
        return call(api, calls.target, "Unary", message(messages=[{"text": word}]), form=READABLE)

    with use_cassette(path, record_mode="once"):
        ask("hi")
    began = time.monotonic()
    with (
        pytest.raises(RequestNotRecorded, match=r'messages\[0\]\.text  recorded: "hi"  sent: "ho"'),
        use_cassette(path),
    ):
        ask("ho")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(("api", "way"), [(SYNC, "call"), (SYNC, "future"), (AIO, "write"), (AIO, "await")])
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("abx", r"message 3 of recording id 0"),
        ("ab", r"message 3"),
        pytest.param("abcd", r"message 4", marks=pytest.mark.slow),
    ],
)
def test_a_changed_message_of_a_stream_is_a_miss(
    api: str, way: str, said: str, why: str, calls: CallServer, path: Path
) -> None:
    def ask(words: str) -> Got:
        return call(api, calls.target, "Collect", *(word.encode() for word in words), way=way, timeout=10)

    with use_cassette(path, record_mode="once"):
        assert ask("abc").messages == [b"abc"]
    with pytest.raises(CassetteStop, match=why), use_cassette(path):
        ask(said)


@APIS
def test_a_stream_that_its_client_left(
    api: str, calls: CallServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_llmcassette.recorder.conversation.PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr("pytest_llmcassette.replay.deliver.CANCELLED_SECONDS", 0.1)

    def leave(after: int) -> int:
        if api == AIO:
            return asyncio.run(leave_async(after))
        with grpc.insecure_channel(calls.target) as channel:
            stream = channel.unary_stream("/test.Calls/Endless")(b"a", timeout=20)
            found = [next(stream) for _ in range(after)]
            assert stream.cancel()
            assert stream.code() is grpc.StatusCode.CANCELLED
            return len(found)

    async def leave_async(after: int) -> int:
        async with grpc.aio.insecure_channel(calls.target) as channel:
            stream = channel.unary_stream("/test.Calls/Endless")(b"a", timeout=20)
            found = [await stream.read() for _ in range(after)]
            assert stream.cancel()
            assert await stream.code() is grpc.StatusCode.CANCELLED
            return len(found)

    live, replayed = twice(calls, path, lambda: leave(2))
    assert live == replayed == 2
    [one] = load(path)
    assert (one.end, one.response.trailer) == ("closed", {})
    with pytest.raises(RecordingTruncated, match="its client"), use_cassette(path):
        assert call(api, calls.target, "Endless", b"a").code == "ABORTED"


@APIS
def test_no_secret_is_written(api: str, calls: CallServer, path: Path) -> None:
    late = "hunter2-and-some-more-of-it"

    def ask(form: dict[str, Any] | None, *requests: Any) -> None:
        metadata = (("authorization", f"Bearer {SECRET}"), ("x-api-key", "key-0123456789abcdef"))
        for name in ("Unary", "Stream", "Talk"):
            call(api, calls.target, name, *requests, form=form, metadata=metadata)

    with use_cassette(path, record_mode="once", keep_response_headers=["x-private"]):
        ask(READABLE, message(text=f"your key {SECRET}", password="short", n=1, api_key="sk_live_0123456789abcdefgh"))
        ask(None, message(text=f"your key {SECRET} and {late}").SerializeToString())
        call(api, calls.target, "Unary", b"later", metadata=(("x-api-key", late),))
    held = path.read_bytes()
    frames = [frame for one in load(path) for frame in one.frames]
    for place in (held, *(frame.data for frame in frames), *(frame.json.encode() for frame in frames)):
        for secret in (SECRET, "short", "sk_live_0123456789abcdefgh", "key-0123456789abcdef", late):
            assert secret.encode() not in place
            assert base64.b64encode(secret.encode())[:-2] not in place
    said = [struct.Struct.FromString(frame.data) for frame in frames if frame.json]
    assert {(one["text"], one["password"], one["api_key"], one["n"]) for one in said} == {
        ("your key REDACTED", "REDACTED", "REDACTED", 1.0)
    }
    assert len(frames) > len(said) > 0


@APIS
def test_a_placeholder_is_refused_before_it_is_sent(api: str, calls: CallServer, path: Path) -> None:
    key = Provider("xai", base_url="x", model="m", api_key_env="NOBODYS_KEY").api_key
    with pytest.raises(RequestRefused, match="NOBODYS_KEY"), use_cassette(path, record_mode="once"):
        call(api, calls.target, "Unary", b"a", metadata=(("authorization", f"Bearer {key}"),))
    assert calls.seen == []


def test_what_credentials_ask_for_is_not_recorded(calls: CallServer, path: Path) -> None:
    """grpc has a plugin fetch a token in a thread of its own, and a replay needs none."""
    requests = pytest.importorskip("requests")

    class Fetches(grpc.AuthMetadataPlugin):  # type: ignore[misc,name-defined,unused-ignore]
        def __call__(self, context: Any, callback: Any) -> None:
            with PlainServer() as server:
                callback((("authorization", requests.get(server.url + "/token").text),), None)

    def ask() -> bytes:
        key = grpc.metadata_call_credentials(Fetches())
        credentials = grpc.composite_channel_credentials(grpc.local_channel_credentials(), key)
        with grpc.secure_channel(calls.secure_target, credentials) as channel:
            return bytes(channel.unary_unary("/test.Calls/Unary")(b"a"))

    assert twice(calls, path, ask) == (b"a", b"a")
    assert [one.request.url for one in load(path)] == [f"https://{calls.secure_target}/test.Calls/Unary"]
    assert calls.metadata[0]["authorization"] == "answer 1"


@APIS
def test_whose_request_it_is(api: str, calls: CallServer, path: Path) -> None:
    def ask() -> Got:
        return call(api, calls.target, "Unary", b"a")

    with use_cassette(path, ignore_hosts=["127.0.0.1"], allow_no_calls=True):
        assert ask().messages == [b"a"]
    with in_force.Suspension("It belongs to no test."), pytest.raises(RequestRefused, match="belongs to no test"):
        ask()
    before = in_force.block(Block(["nowhere"], lambda host: f"Allow {host}."))
    try:
        assert ask().messages == [b"a"], "this machine passes"
        with pytest.raises(RequestRefused, match=r"Allow api\.x\.ai"):
            call(api, "api.x.ai:443", "Unary", b"a")
    finally:
        in_force.block(before)
    assert calls.seen == ["Unary", "Unary"]


@APIS
def test_a_failure_that_was_tried_again_is_left_out(api: str, calls: CallServer, path: Path) -> None:
    def ask() -> list[str]:
        return [call(api, calls.target, "Flaky", b"a").code for _ in range(3)]

    calls.failures = 2
    if api == AIO:
        # Each of the calls is in a loop, and a task, of its own.
        async def all_of_them() -> list[str]:
            return [(await call_async(calls.target, "Flaky", b"a")).code for _ in range(3)]

        with use_cassette(path, record_mode="once"):
            assert asyncio.run(all_of_them()) == ["UNAVAILABLE", "UNAVAILABLE", "OK"]
    else:
        with use_cassette(path, record_mode="once"):
            assert ask() == ["UNAVAILABLE", "UNAVAILABLE", "OK"]
    [one] = load(path)
    assert one.response.trailer == {"Grpc-Status": ["0"]}


@pytest.mark.slow
def test_twenty_threads_and_twenty_tasks_at_once(calls: CallServer, path: Path) -> None:
    def sync() -> list[Got]:
        with ThreadPoolExecutor(20) as pool, grpc.insecure_channel(calls.target) as channel:
            names = ("Unary", "Stream", "Collect", "Talk")
            jobs = [pool.submit(call_on, channel, names[number % 4], b"%d" % number) for number in range(20)]
            return [job.result() for job in jobs]

    async def aio() -> list[Got]:
        names = ("Unary", "Stream", "Collect", "Talk")
        tasks = (call_async(calls.target, names[number % 4], b"a%d" % number) for number in range(20))
        return list(await asyncio.gather(*tasks))

    live, replayed = twice(calls, path, lambda: sync() + asyncio.run(aio()))
    assert live == replayed
    assert [got.messages[0] for got in live[:20]] == [b"%d" % number for number in range(20)]


@pytest.mark.parametrize(
    ("target", "scheme", "url"),
    [
        ("api.x.ai", "", "https://api.x.ai"),
        (b"dns:///api.x.ai:443", "https", "https://api.x.ai:443"),
        ("dns://8.8.8.8/provider.test:50051", "http", "http://provider.test:50051"),
        ("ipv4:10.0.0.1:1,10.0.0.2:2", "", "https://10.0.0.1:1"),
        ("ipv6:[::1]:50051", "", "http://[::1]:50051"),
        ("localhost:1", "", "http://localhost:1"),
        ("127.0.0.1:1", "https", "https://127.0.0.1:1"),
        ("unix:/tmp/socket", "", "http://localhost"),
    ],
)
def test_urls(target: str | bytes, scheme: str, url: str) -> None:
    from pytest_llmcassette.transports.grpc.messages import url_of

    assert url_of(target, b"/p.Service/Method", scheme) == f"{url}/p.Service/Method"


def test_a_channel_is_ready_without_the_network(path: Path) -> None:
    async def ready() -> None:
        async with grpc.aio.insecure_channel("provider.invalid:443") as channel:
            await asyncio.wait_for(channel.channel_ready(), 10)

    with use_cassette(path, allow_no_calls=True), grpc.insecure_channel("provider.invalid:443") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        asyncio.run(ready())


def test_interceptors_and_channels_that_are_older_than_the_patches(calls: CallServer, path: Path) -> None:
    from pytest_llmcassette.transports import install, uninstall

    class Adds(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc,name-defined,unused-ignore]
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            return continuation(details, request + b" intercepted")

    uninstall()
    with grpc.insecure_channel(calls.target) as channel:
        stub = grpc.intercept_channel(channel, Adds()).unary_unary("/test.Calls/Unary")
        install()
        live, replayed = twice(calls, path, lambda: [stub(b"a"), stub.future(b"b").result()])
    assert live == replayed == [b"a intercepted", b"b intercepted"]
    assert [one.request.body for one in load(path)] == live


def test_a_channel_that_is_closed(calls: CallServer, path: Path) -> None:
    async def aio() -> list[str]:
        channel = grpc.aio.insecure_channel(calls.target)
        stub = channel.unary_unary("/test.Calls/Unary")
        await channel.close()
        with pytest.raises(Exception, match="closed") as caught:
            await stub(b"aio")
        return [str(caught.value)]

    def ask() -> list[str]:
        channel = grpc.insecure_channel(calls.target)
        stub = channel.unary_unary("/test.Calls/Unary")
        found = [stub(b"a").decode()]
        channel.close()
        with pytest.raises(ValueError, match="closed") as caught:
            stub(b"b")
        return [*found, str(caught.value), *asyncio.run(aio())]

    live, replayed = twice(calls, path, ask)
    assert live == replayed
    assert len(load(path)) == 1


@APIS
def test_an_answer_without_its_bytes_is_refused(api: str, calls: CallServer, path: Path) -> None:
    """As other projects' files have some, and those that somebody has edited."""
    with use_cassette(path, record_mode="once"):
        call(api, calls.target, "Unary", message(a="b"), form=READABLE)
    recorded = path.read_text()
    path.write_text(re.sub("base64: .*", 'base64: ""', recorded))
    with pytest.raises(RequestRefused, match=r"as JSON alone[\s\S]*Record it again"), use_cassette(path):
        call(api, calls.target, "Unary", message(a="b"), form=READABLE)

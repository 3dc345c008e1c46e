"""Nothing of ours blocks a running event loop, asyncio's or trio's: no file, no import, no lock that is waited for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from plugin.suite import Suite, outcomes, said
from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response

CONFTEST = """
import concurrent.futures.thread, os, sys
import pytest
from blockbuster import blockbuster_ctx

STANDARD = os.path.dirname(os.__file__) + os.sep
EVENTS = {"open", "import", "os.listdir", "os.scandir", "os.mkdir", "os.rename", "subprocess.Popen"}
watched = False

def runs():
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")
    return bool((asyncio and asyncio._get_running_loop()) or (trio and trio.lowlevel.in_trio_run()))

def is_on_the_way(file):
    return "site-packages" not in file and file.startswith((STANDARD, "<frozen", __file__)) or "on_import" in file

def watch(event, arguments):
    "blockbuster knows neither trio's loops nor imports: here what our own code does raises in both."
    if watched and event in EVENTS and runs():
        frame = sys._getframe(1)
        while frame.f_back and is_on_the_way(frame.f_code.co_filename):
            frame = frame.f_back
        if "pytest_llmcassette" in frame.f_code.co_filename:
            raise RuntimeError(f"{event} of {arguments[0]} in a running loop, by {frame.f_code.co_filename}")

sys.addaudithook(watch)

@pytest.fixture(autouse=True)
def nothing_blocks():
    global watched
    watched = True
    with blockbuster_ctx():
        yield
    watched = False

@pytest.fixture
def llm_cassette_name(request):
    return request.node.name
"""

HTTPX = """
async def said_by(text, stream=False, base="SERVER"):
    asked = {"model": "m", "messages": [{"role": "user", "content": text}], "stream": stream}
    async with httpx.AsyncClient(base_url=os.environ.get(base, base)) as client:
        if not stream:
            return (await client.post("/v1/chat/completions", json=asked)).json()["choices"][0]["message"]["content"]
        async with client.stream("POST", "/v1/chat/completions", json=asked) as response:
            return "answer " + "".join([piece async for piece in response.aiter_text()])
"""

OPENAI = """
import openai

async def said_by(text, stream=False, base="SERVER"):
    url = os.environ.get(base, base)
    async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="a-real-key", max_retries=2) as client:
        asked = {"model": "m", "messages": [{"role": "user", "content": text}]}
        if not stream:
            return (await client.chat.completions.create(**asked)).choices[0].message.content
        chunks = await client.chat.completions.create(stream=True, **asked)
        return "".join([one.choices[0].delta.content or "" async for one in chunks if one.choices])
"""

TEST = """
import httpx
from pytest_llmcassette import use_cassette

pytestmark = pytest.mark.anyio

@pytest.fixture
def llm_cassette_name(request, anyio_backend_name):
    return f"{request.node.originalname}-{anyio_backend_name}"

@pytest.mark.cassette(record_mode="once")
@pytest.mark.parametrize("turn", ["recorded", "replayed"])
async def test_ask(turn):
    for stream in (False, True):
        assert (await said_by("hi", stream)).startswith("answer ")

@pytest.mark.parametrize("turn", ["recorded", "replayed"])
async def test_block(turn, anyio_backend_name):
    async with use_cassette(f"block-{anyio_backend_name}.yaml", record_mode="once"):
        assert (await said_by("in a block")).startswith("answer ")

@pytest.mark.cassette
async def test_https():
    assert await said_by("hi", base="https://provider.test") == "answer"

@pytest.mark.cassette
async def test_miss():
    await said_by("something else", base="https://provider.test")

@pytest.mark.cassette
async def test_unreadable():
    await said_by("hi")
"""


CALLS = """
import grpc.aio

async def said(word):
    async with grpc.aio.insecure_channel(os.environ["CALLS"]) as channel:
        stream = channel.stream_stream("/test.Calls/Talk")()
        await stream.write(word)
        pieces = [await stream.read(), await stream.read()]
        await stream.done_writing()
        return [await channel.unary_unary("/test.Calls/Unary")(word), *pieces]

@pytest.mark.anyio
@pytest.mark.cassette(record_mode="once")
@pytest.mark.parametrize("turn", ["recorded", "replayed"])
async def test_call(turn):
    assert await said(b"hi") == [b"hi"] * 3

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.fixture
def llm_cassette_name(request):
    return request.node.originalname
"""


@pytest.fixture
def with_calls(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Two tests more in the same suite, of calls over gRPC: how many, since grpcio may not be there."""
    if not find_spec("grpc"):
        yield 0
        return
    from servers.calls import CallServer

    suite.file("test_calls.py", "import os\nimport pytest\n" + CALLS)
    with CallServer() as server:
        monkeypatch.setenv("CALLS", server.target)
        yield 2
    assert server.seen == ["Talk", "Unary"]


@pytest.mark.parametrize("client", [HTTPX, pytest.param(OPENAI, marks=pytest.mark.slow)], ids=["httpx", "openai"])
def test_recording_and_replay_block_nothing(suite: Suite, with_calls: int, client: str) -> None:
    suite.file("conftest.py", CONFTEST)
    suite.test(TEST + client)
    asked = b'{"messages":[{"role":"user","content":"hi"}],"model":"m"}'
    if client is HTTPX:
        asked = asked.replace(b"}],", b'}],"stream":false,')
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "answer"}, "finish_reason": "stop"}]}
    headers = {"Content-Type": ["application/json"]}
    recorded = Interaction(
        request=Request(method="POST", url="https://provider.test/v1/chat/completions", headers=headers, body=asked),
        response=Response(headers=headers, body=json.dumps(answer).encode()),
    )
    for backend in ("asyncio", "trio"):
        for name in ("https", "miss"):
            save(suite.path / f"cassettes/test_{name}-{backend}.yaml", [recorded])
        suite.file(f"cassettes/test_unreadable-{backend}.yaml", "version: 2\ninteractions:\n- [\n")
    result = suite.run_alone(wanted=("anyio",))
    text = said(result)
    assert outcomes(result) == {"passed": 10 + with_calls, "failed": 4}, text
    for backend in ("asyncio", "trio"):
        assert f"FAILED test_it.py::test_miss[{backend}] - RequestNotRecorded" in text
        assert f"FAILED test_it.py::test_unreadable[{backend}] - pytest_llmcassette.RequestRef" in text
    assert text.count("messages[0].content") >= 2
    assert suite.server.calls == 6

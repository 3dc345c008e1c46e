"""Requests refused in task groups, in every phase of a test: one test is told, and no other is harmed."""

from __future__ import annotations

import importlib.util
import re

import pytest

from plugin.suite import Suite, outcomes, said

ASKING_IN_GROUPS = """
import asyncio
import anyio
import httpx

async def ask_async(text="hi"):
    async with httpx.AsyncClient(verify=False) as client:
        return (await client.post(os.environ["SERVER"] + "/ask", json={"say": text})).text

async def fails():
    try:
        await anyio.sleep(5)
    finally:
        raise ValueError("the user's own")

async def alone():
    await ask_async()

async def group(*others):
    async with anyio.create_task_group() as tasks:
        for one in (*others, ask_async):
            tasks.start_soon(one)

async def nested():
    await group(group, group)

async def mixed():
    await group(fails)

async def shielded():
    with anyio.fail_after(5), anyio.CancelScope(shield=True):
        await group()

async def moved_on():
    with anyio.move_on_after(5):
        await group()
"""

ANYIO = (
    ASKING_IN_GROUPS
    + """
@pytest.fixture(scope="session", params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param

@pytest.fixture(scope="session")
async def long_lived(anyio_backend):
    yield "alive"

pytestmark = pytest.mark.anyio
"""
)

KINDS = ("alone", "group", "nested", "mixed", "shielded", "moved_on")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_in_a_test_of_anyio(suite: Suite) -> None:
    suite.test(
        ANYIO
        + f"""
@pytest.mark.cassette
@pytest.mark.parametrize("kind", {KINDS})
async def test_misses(long_lived, kind):
    await globals()[kind]()

async def test_after(long_lived):
    assert long_lived == "alive"
"""
    )
    result = suite.run(wanted=("anyio",))
    assert outcomes(result) == {"failed": 12, "passed": 2}
    assert len(re.findall("^FAILED .* - RequestNotRecorded: no cassette: POST /ask", said(result), re.MULTILINE)) == 10
    assert len(re.findall(r"^FAILED .*mixed.* - (?:ValueError|ExceptionGroup)", said(result), re.MULTILINE)) == 2
    assert "In the same group: RequestNotRecorded: test_it.py::test_misses[" in said(result)
    assert "ClosedResourceError" not in said(result)


@pytest.mark.parametrize(
    ("phase", "scope"),
    [
        pytest.param("setup", "function", marks=pytest.mark.slow),
        pytest.param("setup", "module", marks=pytest.mark.slow),
        pytest.param("setup", "session", marks=pytest.mark.slow),
        pytest.param("teardown", "function", marks=pytest.mark.slow),
        ("teardown", "module"),
        pytest.param("teardown", "session", marks=pytest.mark.slow),
    ],
)
def test_in_a_fixture_of_anyio(suite: Suite, scope: str, phase: str) -> None:
    """A fixture whose setup failed fails for every test that wants it, with the refusal."""
    suite.test(
        ANYIO
        + f"""
def fixture(kind):
    @pytest.fixture(name=kind, scope="{scope}")
    async def own(anyio_backend):
        if {phase!r} == "setup":
            await globals()["ask_" + kind]()
        yield
        if {phase!r} == "teardown":
            await globals()["ask_" + kind]()
    return own

ask_one, ask_in_a_group, ask_mixed = alone, group, mixed
one, in_a_group, in_a_mixed_one = map(fixture, ("one", "in_a_group", "mixed"))

@pytest.mark.cassette(allow_no_calls=True)
async def test_one(long_lived, one): pass

@pytest.mark.cassette(allow_no_calls=True)
async def test_group(long_lived, in_a_group): pass

@pytest.mark.cassette(allow_no_calls=True)
async def test_group_again(long_lived, in_a_group): pass

@pytest.mark.cassette(allow_no_calls=True)
async def test_mixed(long_lived, mixed): pass
@pytest.mark.cassette(allow_no_calls=True)
async def test_last(long_lived):
    assert long_lived == "alive"
"""
    )
    result = suite.run(wanted=("anyio",))
    text = said(result)
    assert "ClosedResourceError" not in text
    assert "AssertionError" not in text
    if phase == "setup":
        assert outcomes(result) == {"errors": 8, "passed": 2}
        assert len(re.findall(r"^ERROR .*test_(one|group|group_again)\[\w+\] - .*Request", text, re.MULTILINE)) == 6
        assert len(re.findall(r"^ERROR .*test_mixed.* - (?:ValueError|ExceptionGroup)", text, re.MULTILINE)) == 2
    elif scope == "function":
        assert outcomes(result) == {"errors": 8, "passed": 10}
    else:
        # All at the end of a backend, the first in the setup of the next one's first test.
        assert outcomes(result) == {"errors": 2, "passed": 9}
        for fixture, times in (("one", 1), ("in_a_group", 2), ("mixed", 2)):
            assert text.count(f"The {scope}-scoped fixture {fixture!r} belongs to no single test") == times
        assert len(re.findall(r"^ *\| ValueError: the user's own", text, re.MULTILINE)) == 2


def test_where_nobody_runs_a_coroutine_for_the_test(suite: Suite) -> None:
    """Plain functions, unittest, an application's test client; groups that are none of ours are left alone."""
    suite.test(
        ASKING_IN_GROUPS
        + """
import unittest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

async def gathered():
    await asyncio.gather(ask_async(), ask_async("more"))

async def timed():
    async with asyncio.timeout(5):
        await asyncio.wait_for(asyncio.shield(ask_async()), 5)

@pytest.mark.cassette
@pytest.mark.parametrize("kind", ["group", "nested", "gathered", "timed"])
def test_run(kind):
    asyncio.run(globals()[kind]())

@pytest.fixture(scope="module")
def client():
    async def alone(request):
        await ask_async()
    async def in_a_group(request):
        await group()
    async def fine(request):
        return PlainTextResponse("fine")
    routes = [Route("/alone", alone), Route("/group", in_a_group), Route("/fine", fine)]
    with TestClient(Starlette(routes=routes)) as client:
        yield client

@pytest.mark.cassette
@pytest.mark.parametrize("path", ["/alone", "/group"])
def test_client(client, path):
    client.get(path)

def test_client_lives(client):
    assert client.get("/fine").text == "fine"

@pytest.mark.cassette
class TestCase(unittest.IsolatedAsyncioTestCase):
    async def test_group(self): await group()

@pytest.mark.cassette
class TestSetUp(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): await group()
    async def test_never(self): pass

@pytest.mark.cassette(allow_no_calls=True)
class TestTearDown(unittest.IsolatedAsyncioTestCase):
    async def asyncTearDown(self): await group()
    async def test_passes(self): pass

@pytest.fixture
def foreign():
    yield
    raise ExceptionGroup("another's", [ValueError("one"), ValueError("two")])

@pytest.mark.cassette(allow_no_calls=True)
def test_foreign(foreign): pass

@pytest.mark.cassette
def test_last(): ask()
"""
    )
    result = suite.run()
    assert outcomes(result) == {"failed": 10, "passed": 2, "errors": 1}
    text = said(result)
    assert len(re.findall("^FAILED .* - RequestNotRecorded: no cassette: POST /ask", text, re.MULTILINE)) == 10
    assert "ExceptionGroup: another's (2 sub-exceptions)" in text
    assert ">       asyncio.run(globals()[kind]())" in text


@pytest.mark.skipif(importlib.util.find_spec("pytest_asyncio") is None, reason="needs pytest-asyncio")
@pytest.mark.parametrize("mode", ["strict", pytest.param("auto", marks=pytest.mark.slow)])
def test_in_tests_and_fixtures_of_pytest_asyncio(suite: Suite, mode: str) -> None:
    suite.test(
        ASKING_IN_GROUPS
        + """
import pytest_asyncio

def fixture(scope):
    @pytest_asyncio.fixture(name=f"{scope}_wide", scope=scope, loop_scope=scope)
    async def own():
        if scope != "session":
            await mixed()
        yield
        await group()
    return own

session, module, function = map(fixture, ("session", "module", "function"))

@pytest.mark.cassette
@pytest.mark.parametrize("kind", ["alone", "group", "nested", "moved_on"])
class TestLoops:
    @pytest.mark.asyncio(loop_scope="function")
    async def test_function(self, kind): await globals()[kind]()

    @pytest.mark.asyncio(loop_scope="class")
    async def test_class(self, kind): await globals()[kind]()

    @pytest.mark.asyncio(loop_scope="module")
    async def test_module(self, kind): await globals()[kind]()

    @pytest.mark.asyncio(loop_scope="session")
    async def test_session(self, session_wide, kind): await globals()[kind]()

@pytest.mark.cassette
@pytest.mark.asyncio
async def test_setup(function_wide): pass

@pytest.mark.cassette
@pytest.mark.asyncio
async def test_wider_setup(module_wide): pass

@pytest.mark.cassette(allow_no_calls=True)
@pytest.mark.asyncio
async def test_last(): pass
"""
    )
    result = suite.run("-W", "ignore", f"--asyncio-mode={mode}", wanted=("asyncio",))
    text = said(result)
    assert outcomes(result) == {"failed": 16, "passed": 1, "errors": 3}
    assert len(re.findall("^FAILED .* - RequestNotRecorded: no cassette: POST /ask", text, re.MULTILINE)) == 16
    assert len(re.findall(r"^ERROR .*setup - (?:ValueError|ExceptionGroup)", text, re.MULTILINE)) == 2
    assert re.search("^ERROR .*test_last - .*RequestRefused: ", text, re.MULTILINE)
    assert "The session-scoped fixture 'session_wide' belongs to no single test" in text

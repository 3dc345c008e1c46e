"""`--cassette-faults`: a suite of good and naive clients through bad days."""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from plugin.suite import Suite, outcomes, said, slow
from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response

URL = "https://api.openai.com/v1/chat/completions"
JSON = "days.json"

CLIENT = '''
import json
import time

import httpx


def asked(text):
    return {"model": "tiny-1", "messages": [{"role": "user", "content": text}], "stream": True}


def read(lines, check):
    text, done = "", False
    for line in lines:
        if line == "data: [DONE]":
            done = True
        elif line.startswith("data: "):
            text += json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
    if check and not done:
        raise RuntimeError("the stream ended early")
    return text


def ask(text="hi", retries=0, check=True):
    for attempt in range(retries + 1):
        try:
            with httpx.Client(verify=False) as client, client.stream("POST", "URL", json=asked(text)) as response:
                response.raise_for_status()
                return read(response.iter_lines(), check)
        except httpx.HTTPError:
            if attempt == retries:
                raise
            time.sleep(30 * 2**attempt)


async def ask_async(text="hi", retries=1):
    import anyio

    for attempt in range(retries + 1):
        try:
            async with httpx.AsyncClient(verify=False) as client:
                async with client.stream("POST", "URL", json=asked(text)) as response:
                    response.raise_for_status()
                    return read([line async for line in response.aiter_lines()], True)
        except httpx.HTTPError:
            if attempt == retries:
                raise
            await anyio.sleep(30)


def ask_naively(text="hi"):
    """Takes what has come for all there is."""
    text_so_far = []
    try:
        with httpx.Client(verify=False) as client, client.stream("POST", "URL", json=asked(text)) as response:
            text_so_far = [read([line], False) for line in response.iter_lines()]
    except httpx.HTTPError:
        pass
    return "".join(text_so_far)
'''.replace("URL", URL)

TESTS = """
import time
import httpx
from llm import ask, ask_naively

pytestmark = pytest.mark.cassette("hi")

def test_good():
    assert ask(retries=2) == "Hello"

def test_swallows():
    ask_naively()

@pytest.mark.parametrize("word", ["Hello $you"])
def test_asserts_with_a_snapshot_alone(word, snapshot):
    assert ask_naively() == snapshot

def test_asserts_with_ours_alone(llm_cassette, llm_snapshot):
    ask_naively()
    assert llm_cassette == llm_snapshot

def test_compares_nothing_that_differs(llm_snapshot):
    ask_naively()
    assert "as ever" == llm_snapshot

def test_masks():
    assert {"Hello": 1}[ask_naively()]

def test_tells_a_key():
    if ask_naively() != "Hello":
        raise ValueError(f"the stream ended with {os.environ['OPENAI_API_KEY']}")

@pytest.mark.timeout(0.3)
def test_hangs():
    while True:
        try:
            assert ask() == "Hello"
            return
        except (httpx.HTTPError, RuntimeError):
            time.sleep(0.01)

def test_asks_something_else():
    try:
        ask()
    except httpx.HTTPError:
        ask("hi, once more")

@pytest.mark.xfail(reason="declared")
def test_that_did_not_pass():
    assert ask() == "Bye"

@pytest.mark.llm_fault("http_401")
def test_with_a_fault_of_its_own():
    with pytest.raises(httpx.HTTPStatusError):
        ask()
"""


def chat(text: str = "Hello", asked: str = "hi") -> Interaction:
    """A streamed answer in as many events as `text` has characters."""
    request = {"model": "tiny-1", "messages": [{"role": "user", "content": asked}], "stream": True}
    events = [
        {"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": part}}]}
        for part in text
    ]
    events.append(
        {"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    )
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    return Interaction(
        request=Request(
            method="POST",
            url=URL,
            headers={"Content-Type": ["application/json"]},
            body=json.dumps(request, separators=(",", ":")).encode(),
        ),
        response=Response(headers={"Content-Type": ["text/event-stream"]}, body=body.encode()),
    )


@pytest.fixture
def days(suite: Suite) -> Suite:
    """A suite with the clients, and one recorded conversation."""
    suite.file("llm.py", CLIENT)
    save(suite.path / "cassettes" / "hi.yaml", [chat()])
    return suite


def found(suite: Suite) -> dict[str, str]:
    """The verdicts, by test and fault."""
    runs: list[dict[str, Any]] = json.loads((suite.path / JSON).read_text("utf-8"))["runs"]
    return {f"{run['nodeid'].partition('::')[2]} {run['asked']}": run["verdict"] for run in runs}


def state(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for pattern in ("*.yaml", "*.ambr") for file in folder.rglob(pattern)}


def test_verdicts(days: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real-0123456789abcdef")
    days.test(TESTS)
    assert outcomes(days.run("--snapshot-update"))["passed"] == 10
    before = state(days.path)
    (days.path / "__snapshots__" / "test_it.ambr").unlink()
    # What a test has accepted in its ordinary run is written; nothing is under a fault.
    days.run("--snapshot-update", "--cassette-faults=cut_after_event", "-k", "snapshot or ours or compares")
    assert state(days.path) == before
    result = days.run(
        "--cassette-faults=cut_after_event,http_503", f"--cassette-faults-json={JSON}", "--junitxml=junit.xml",
        "--cassette-report=page.html", "--snapshot-details",
        "--cassette-chunking=byte",
    )  # fmt: skip
    text = said(result)
    assert outcomes(result) == {"passed": 10, "xfailed": 1}
    assert result.ret == 1
    assert "3 snapshots passed." in text
    assert state(days.path) == before
    assert found(days) == {
        "test_good cut_after_event": "noticed",
        "test_good http_503": "recovered",
        "test_swallows cut_after_event": "swallowed",
        "test_swallows http_503": "recovered",
        "test_asserts_with_a_snapshot_alone[Hello $you] cut_after_event": "not asserted",
        "test_asserts_with_a_snapshot_alone[Hello $you] http_503": "recovered",
        "test_asserts_with_ours_alone cut_after_event": "not asserted",
        "test_asserts_with_ours_alone http_503": "recovered",
        "test_compares_nothing_that_differs cut_after_event": "swallowed",
        "test_compares_nothing_that_differs http_503": "recovered",
        "test_masks cut_after_event": "masked",
        "test_masks http_503": "not recovered",
        "test_tells_a_key cut_after_event": "noticed",
        "test_tells_a_key http_503": "not recovered",
        "test_hangs cut_after_event": "hung",
        "test_hangs http_503": "recovered",
        "test_asks_something_else cut_after_event": "not recorded",
        "test_asks_something_else http_503": "not recorded",
    }
    assert "sk-real" not in (days.path / JSON).read_text("utf-8") + text
    # No test of its own, for nobody.
    cases = ElementTree.parse(days.path / "junit.xml").getroot().iter("testcase")
    assert len(list(cases)) == 11
    assert "bad days: 2 swallowed, 1 hung, 2 not recovered" in text
    page = (days.path / "page.html").read_text("utf-8")
    assert page.count("<span class='pill failed' title=") == 5
    # Every command repeats exactly its run.
    runs = json.loads((days.path / JSON).read_text("utf-8"))["runs"]
    assert [run["verdict"] for run in runs[:4]] == ["swallowed"] * 2 + ["hung", "not recovered"]
    assert runs[0]["command"].endswith("--cassette-chunking=byte --cassette-faults=cut_after_event")
    for run in (runs[2], next(run for run in runs if "$" in run["nodeid"])):
        program, *arguments = shlex.split(run["command"])
        assert program == "pytest"
        days.run(*arguments, f"--cassette-faults-json={JSON}")
        [again] = json.loads((days.path / JSON).read_text("utf-8"))["runs"]
        assert {**again, "seconds": 0} == {**run, "seconds": 0}


KINDS = """
import unittest
import httpx
from llm import ask, ask_async

pytestmark = pytest.mark.cassette("hi")
made = {"module": 0, "function": 0, "class": 0}

@pytest.fixture(scope="module")
def wide():
    made["module"] += 1
    yield
    made["module"] -= 1
    assert False, "torn down once, and told"

@pytest.fixture
def narrow(wide, tmp_path):
    made["function"] += 1
    assert made["module"] == 1
    assert not list(tmp_path.iterdir())
    (tmp_path / "left").touch()

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_anyio(narrow, anyio_backend):
    assert await ask_async() == "Hello"

@pytest.mark.asyncio
async def test_asyncio(narrow):
    assert await ask_async() == "Hello"

class TestClass:
    def test_new_instance(self, narrow):
        assert not hasattr(self, "was_here")
        self.was_here = True
        assert ask(retries=1) == "Hello"

class TestUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        made["class"] += 1

    def setUp(self):
        assert made["class"] == 1
        self.addCleanup(lambda: None)

    def test_method(self):
        for retries in (1,):
            with self.subTest(retries=retries):
                self.assertEqual(ask(retries=retries), "Hello")

def test_subtests(subtests, narrow):
    with subtests.test("one"):
        assert ask(retries=1) == "Hello"
    with subtests.test("two"):
        pass

@pytest.mark.parametrize("number", [1, 2])
def test_number(number, narrow, capsys, monkeypatch, recwarn):
    import warnings
    warnings.warn("in each run")
    monkeypatch.setenv("SOMETHING", "set")
    assert ask(retries=1) == "Hello"
    print("printed")
    assert capsys.readouterr().out == "printed\\n"

def test_last(narrow):
    # Seven tests with `narrow` before this one, each three times, and this is the first run of it, or a later one.
    assert made["function"] in (22, 23, 24)
    assert ask(retries=1) == "Hello"
"""


@pytest.mark.slow
@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests since 9.0")
def test_kinds_of_tests_and_fixtures(days: Suite) -> None:
    pytest.importorskip("trio")
    pytest.importorskip("pytest_asyncio")
    days.test(KINDS)
    result = days.run(
        "--cassette-faults=http_500,cut_after_event",
        f"--cassette-faults-json={JSON}",
        "-Werror::pytest.PytestUnraisableExceptionWarning",
        "-oasyncio_default_fixture_loop_scope=function",
        wanted=("anyio", "asyncio", "recwarn"),
    )
    verdicts = found(days)
    assert {name: verdict for name, verdict in verdicts.items() if verdict not in ("recovered", "noticed")} == {}
    assert len(verdicts) == 2 * 9
    assert outcomes(result)["passed"] >= 9
    assert outcomes(result)["errors"] == 1
    assert said(result).count("E       AssertionError: torn down once, and told") == 1
    assert "failed" not in outcomes(result)


def test_each_exchange(days: Suite) -> None:
    days.test(
        """
        from llm import ask
        @pytest.mark.cassette("two")
        def test_two():
            assert ask("one", check=False) == "Hello"
            try:
                ask("two", check=False)
            except Exception:
                pass
        """
    )
    save(days.path / "cassettes" / "two.yaml", [chat(asked="one"), chat(asked="two")])
    assert days.run("--cassette-faults=each,cut_after_event", f"--cassette-faults-json={JSON}").ret == 1
    assert found(days) == {"test_two cut_after_event": "noticed", "test_two cut_after_event@1": "swallowed"}
    assert days.run("--cassette-faults=cut_after_event@1", f"--cassette-faults-json={JSON}").ret == 1
    assert found(days) == {"test_two cut_after_event@1": "swallowed"}
    assert days.run("--cassette-faults=cut_after_event", f"--cassette-faults-json={JSON}").ret == 0


def test_a_baseline_accepts_what_is_known(days: Suite) -> None:
    days.test("from llm import ask_naively\n\n@pytest.mark.cassette('hi')\ndef test_it():\n    ask_naively()\n")
    arguments = ("--cassette-faults=no_terminator,http_500", "--cassette-faults-baseline=known.toml")
    written = days.run(*arguments, "--cassette-faults-baseline-update")
    assert "known.toml written: 1 finding" in said(written)
    assert written.ret == 0
    assert '["test_it.py::test_it"]\nswallowed = ["no_terminator"]\n' in (days.path / "known.toml").read_text("utf-8")
    again = days.run(*arguments)
    assert again.ret == 0
    assert "1 known" in said(again)
    days.file("known.toml", '["test_it.py::test_it"]\nswallowed = ["http_500"]\n["gone.py::test"]\nhung = ["stall"]\n')
    over = days.run(*arguments)
    assert over.ret == 1
    assert re.findall(r"(?m)^  \S+: (?:swallowed|hung) .*", said(over)) == [
        "  gone.py::test: hung stall: there is no such test",
        "  test_it.py::test_it: swallowed http_500: now recovered",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--cassette-faults", "--record-mode=once"), "leave --record-mode=once out"),
        (("--cassette-faults", "test_it.py"), "put --cassette-faults after the test paths"),
        (("--cassette-faults=cut_after",), "There is no fault 'cut_after'. Did you mean 'cut_after_event'"),
        slow(("--cassette-faults=reset@x",), "behind the @ is an exchange's number"),
        slow(("--cassette-faults", "--cassette-faults-baseline=no.toml"), "there is no file"),
        (("--cassette-faults", "--cassette-faults-baseline-update"), "needs a file"),
        slow(("--cassette-faults-json=x.json",), "the results of --cassette-faults"),
    ],
)
def test_usage_errors(days: Suite, arguments: tuple[str, ...], words: str) -> None:
    days.test("from llm import ask\n\n@pytest.mark.cassette('hi')\ndef test_it():\n    ask()\n")
    result = days.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in said(result)


def test_runs_that_end_early(days: Suite) -> None:
    """The results until then are told; nothing that was patched stays."""
    days.test(
        """
        from llm import ask
        pytestmark = pytest.mark.cassette("hi")

        def test_first():
            assert ask(retries=1) == "Hello"

        def test_second():
            try:
                ask()
            except Exception:
                raise KeyboardInterrupt
        """
    )
    assert said(days.run("--cassette-faults", "--collect-only")).count("bad days") == 0
    result = days.run("--cassette-faults=http_500,reset", f"--cassette-faults-json={JSON}")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert found(days) == {"test_first http_500": "recovered", "test_first reset": "noticed"}
    assert "the run did not come to its end" in said(result)
    assert time.sleep.__module__ == "time"
    days.test(
        """
        from llm import ask
        pytestmark = pytest.mark.cassette("hi")

        def test_first():
            ask(retries=1)
            assert False

        def test_second():
            ask()
        """
    )
    result = days.run("--cassette-faults=http_500", "-x", f"--cassette-faults-json={JSON}")
    assert outcomes(result) == {"failed": 1}
    assert found(days) == {}


@pytest.mark.slow
def test_workers_tell_the_same(days: Suite) -> None:
    days.test(TESTS)
    days.run("--snapshot-update")
    arguments = ("--cassette-faults=cut_after_event,http_503", f"--cassette-faults-json={JSON}")
    days.run(*arguments)
    alone = found(days)
    result = days.run_alone(*arguments, "-n2", wanted=("xdist",))
    assert found(days) == alone
    assert outcomes(result) == {"passed": 10, "xfailed": 1}
    assert result.ret == 1
    assert "bad days: 2 swallowed, 1 hung, 2 not recovered" in said(result)


@pytest.mark.slow
def test_where_no_signal_can_stop_a_run_it_goes_to_a_process_of_its_own(days: Suite) -> None:
    days.test(
        """
        import threading
        import httpx
        from llm import ask, ask_naively
        pytestmark = pytest.mark.cassette("hi")

        def test_swallows():
            ask_naively()

        @pytest.mark.timeout(0.5)
        def test_hangs():
            try:
                ask()
            except httpx.HTTPError:
                threading.Event().wait()
        """
    )
    ended: list[int] = []
    arguments = ("--cassette-faults=reset", f"--cassette-faults-json={JSON}")
    thread = threading.Thread(target=lambda: ended.append(int(days.run(*arguments).ret)))
    thread.start()
    thread.join()
    assert ended == [1]
    assert found(days) == {"test_swallows reset": "swallowed", "test_hangs reset": "hung"}
    assert os.listdir(days.path).count(JSON) == 1

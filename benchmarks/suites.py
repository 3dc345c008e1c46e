"""Whole pytest runs: one cassette a test, one streamed openai call each, with a fresh client or a shared one."""

from __future__ import annotations

import importlib.util
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import FLOOR, OURS
from benchmarks.measure import Figure, alternate
from benchmarks.table import compared
from benchmarks.workload import BODIES, serve

TESTS = 60

_TEST = """
import httpx2, openai, pytest
BODY = {body!r}
def answer(request):
    return httpx2.Response(200, headers={{"Content-Type": "text/event-stream"}}, content=BODY)
def make():
    extra = {{"http_client": httpx2.Client(transport=httpx2.MockTransport(answer))}} if {floor} else {{}}
    return openai.OpenAI(base_url={base_url!r}, api_key="not-a-key", max_retries=0, **extra)
@pytest.fixture(scope={scope!r})
def client():
    return make()
{config}
{mark}
@pytest.mark.parametrize("number", range({tests}))
def test_call(client, number):
    stream = client.chat.completions.create(
        model="gpt-4o", stream=True, messages=[{{"role": "user", "content": f"question {{number}}"}}])
    assert "word1" in "".join(e.choices[0].delta.content or "" for e in stream if e.choices)
"""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A pytest plugin as contender: its name for `-p`, its mark, its configuration and the flag that records."""

    module: str
    name: str
    mark: str
    record: str
    config: str = ""


PLUGINS = {
    OURS: Plugin("pytest_llmcassette", "llmcassette", "@pytest.mark.cassette", "--record-mode=rewrite"),
    "cassetter YAML": Plugin(
        "cassetter",
        "cassetter",
        "@pytest.mark.vcr",
        "--record-mode=rewrite",
        "@pytest.fixture(scope='module')\ndef vcr_config():\n"
        "    return {'match_on': ['method', 'uri', 'body'], 'ignore_localhost': False}\n",
    ),
    "VCR.py + pytest-recording": Plugin(
        "pytest_recording",
        "recording",
        "@pytest.mark.vcr",
        "--record-mode=rewrite",
        "@pytest.fixture(scope='module')\ndef vcr_config():\n    return {'match_on': ['method', 'uri', 'body']}\n",
    ),
}


def _children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _pytest(folder: Path, name: str, *options: str) -> None:
    others = [
        word
        for other, plugin in PLUGINS.items()
        if other != name and importlib.util.find_spec(plugin.module)
        for word in ("-p", f"no:{plugin.name}")
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *others, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: pytest failed\n{done.stdout}\n{done.stderr}")


def whole_suites(*, rounds: int) -> str:
    """CPU time of a whole run, divided by its number of tests (so start-up is in it)."""
    title, body = next(iter(BODIES.items()))
    parts = []
    with tempfile.TemporaryDirectory() as scratch:
        for scope, words in (("function", "fresh client"), ("session", "shared client")):
            calls: dict[str, Callable[[], object]] = {}
            with serve(body) as base_url:
                for name, plugin in {FLOOR: None, **PLUGINS}.items():
                    if plugin is not None and importlib.util.find_spec(plugin.module) is None:
                        continue
                    folder = Path(scratch) / f"{scope}-{len(calls)}"
                    folder.mkdir()
                    (folder / "pytest.ini").write_text("[pytest]\n")
                    (folder / "test_suite.py").write_text(
                        _TEST.format(
                            body=body,
                            floor=plugin is None,
                            base_url=base_url,
                            scope=scope,
                            config=plugin.config if plugin else "",
                            mark=plugin.mark if plugin else "",
                            tests=TESTS,
                        )
                    )
                    if plugin is not None:
                        _pytest(folder, name, plugin.record)
                    calls[name] = lambda folder=folder, name=name: _pytest(folder, name)
            figures = alternate(calls, rounds=rounds, calls=1, clock=_children)
            each = {name: Figure(tuple(ms / TESTS for ms in figure.rounds)) for name, figure in figures.items()}
            parts.append(compared(f"Whole pytest run of {TESTS} tests, {words}, {title}, each test", each, OURS))
    return "\n".join(parts)

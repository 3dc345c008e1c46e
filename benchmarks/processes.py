"""What whole pytest runs cost: start-up of a suite that uses nothing of ours, and peak memory of a large body."""

from __future__ import annotations

import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders import OURS
from benchmarks.measure import Figure, alternate
from benchmarks.table import compared, table

PEERS = {"cassetter": "cassetter", "pytest_recording": "recording", "pytest_httpx2": "pytest_httpx2"}
"""Import name and plugin name of what may be installed beside ours."""

LARGE_BODY = 20_000_000


def _children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _run(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pytest {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")


def _without_peers() -> list[str]:
    installed = [plugin for module, plugin in PEERS.items() if importlib.util.find_spec(module)]
    return [word for plugin in installed for word in ("-p", f"no:{plugin}")]


def start_up(*, rounds: int) -> str:
    """CPU time of `--collect-only` over one plain test; respx's and syrupy's own plugins are loaded throughout."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "test_plain.py").write_text("def test_nothing():\n    pass\n")
        quiet = ["--collect-only", *_without_peers()]
        calls: dict[str, Callable[[], object]] = {
            OURS: lambda: _run(quiet, folder),
            "-p no:llmcassette": lambda: _run([*quiet, "-p", "no:llmcassette"], folder),
            "-p no:llmcassette -p no:respx": lambda: _run([*quiet, "-p", "no:llmcassette", "-p", "no:respx"], folder),
            "-p no:llmcassette -p no:respx -p no:syrupy": lambda: _run(
                [*quiet, "-p", "no:llmcassette", "-p", "no:respx", "-p", "no:syrupy"], folder
            ),
        }
        figures = alternate(calls, rounds=rounds, calls=1, clock=_children)
    base = figures["-p no:llmcassette"]
    text = compared("Start-up, --collect-only of one plain test", figures, OURS)
    return text + f"\nOurs over -p no:llmcassette: {figures[OURS].over(base).median:+.1f} ms CPU.\n"


# Linux hands the peak that getrusage tells from a parent on to its children, so it is asked of the process itself.
_MEMORY = """
import re
from pathlib import Path
import httpx2
{imports}
with {session}:
    headers = {{"Content-Type": "application/json"}}
    body = httpx2.post("http://127.0.0.1:9/v1/big", content=b"{{}}", headers=headers).content
assert len(body) == {size}
print(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1])
"""


def memory(*, rounds: int) -> str:
    """Peak memory of a process that replays one 20 MB body, above one that only imports the same modules (Linux)."""
    if not Path("/proc/self/status").exists():
        return "Peak memory is measured on Linux only.\n"
    from pytest_llmcassette.cassette.files import save
    from pytest_llmcassette.cassette.model import Interaction, Request, Response

    request = Request(
        method="POST",
        url="http://127.0.0.1:9/v1/big",
        headers={"Content-Type": ["application/json"]},
        body=b"{}",
    )
    line = b'{"text":"' + b"x" * 988 + b'"}\n'
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for title, size in (("1 byte", 1), ("20 MB", LARGE_BODY)):
            body = (line * (size // len(line) + 1))[:size]
            headers = {"Content-Type": ["application/octet-stream"]}
            path = folder / f"{size}.yaml"
            save(path, [Interaction(request=request, response=Response(headers=headers, body=body))])
            script = _MEMORY.format(
                imports="from pytest_llmcassette import use_cassette",
                session=f"use_cassette(Path({os.fspath(path)!r}))",
                size=size,
            )
            peaks = [_peak(script) for _ in range(rounds)]
            rows.append((title, size, Figure(tuple(peaks)).median))
    base = rows[0][2]
    lines = [
        (title, f"{peak:.0f}", f"{(peak - base) * 1e6 / size:.2f}" if size > 1 else "-") for title, size, peak in rows
    ]
    return table("Peak memory, one body replayed", ("body", "peak MB", "times the body over the baseline"), lines)


def _peak(script: str) -> float:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return int(done.stdout) * 1024 / 1e6

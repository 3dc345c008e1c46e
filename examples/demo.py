"""The whole story in one minute: record from a provider on this machine, switch it off, replay offline.

`python examples/demo.py`. Needs no key and no internet. Exits with 1 if anything is not as it says.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
ROOT = EXAMPLES.parent
OUTPUT = ROOT / "build" / "demo"
TESTS = 4
MISSED = "test_openai_stream"
SHOW = "import sys; from pytest_llmcassette.cli import main; sys.exit(main())"

sys.path.insert(0, str(EXAMPLES))
from embedded_provider import EmbeddedProvider  # noqa: E402

KEYS = re.compile(r"API_KEY|AUTH_TOKEN|^PYTEST_|^OPENAI_|^ANTHROPIC_|^LLMCASSETTE")
STYLE = {"head": "\033[1;36m", "good": "\033[32m", "dim": "\033[2m", "bad": "\033[1;31m"}
COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


class DemoError(Exception):
    """Something is not as the demo says it is."""


@dataclass(frozen=True)
class Run:
    status: int
    output: str
    seconds: float

    @property
    def verdict(self) -> str:
        """pytest's closing line."""
        return next((line.strip("= ") for line in reversed(self.output.splitlines()) if " in " in line), "no verdict")


def say(text: str = "", style: str = "") -> None:
    print(f"{STYLE[style]}{text}\033[0m" if style and COLOURS else text, flush=True)


def quote(text: str, *, lines: int = 1000) -> None:
    for line in text.splitlines()[:lines]:
        say(f"    {line}", "dim")
    if len(text.splitlines()) > lines:
        say("    ...", "dim")


def expect(truth: bool, surprise: str) -> None:
    if not truth:
        raise DemoError(surprise)


def run(folder: Path, *arguments: str, **variables: str) -> Run:
    """Python with these arguments in a folder, without any key or setting of the caller's."""
    kept = {name: value for name, value in os.environ.items() if not KEYS.search(name)}
    started = time.monotonic()
    process = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(EXAMPLES), "PYTHONUTF8": "1", "COLUMNS": "110"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Run(process.returncode, process.stdout, time.monotonic() - started)


def record(suite: Path) -> str:
    """Record the demo suite; the provider's URL, which is dead by then."""
    with EmbeddedProvider(pause=0.02) as provider:
        say(f"\n1. Record: a provider runs on {provider.url}, and the SDKs talk to it over real HTTP", "head")
        say("   $ pytest --record-mode=once --snapshot-update")
        keys = {"OPENAI_API_KEY": provider.api_key, "ANTHROPIC_API_KEY": provider.api_key}
        arguments = ("-m", "pytest", "-q", "--record-mode=once", "--snapshot-update")
        result = run(suite, *arguments, DEMO_URL=provider.url, **keys)
        quote(result.output.strip())
        expect(result.status == 0, "the recording run failed")
        expect(f"{TESTS} passed" in result.output, f"not exactly {TESTS} tests passed")
        expect(provider.requests == TESTS, f"{provider.requests} requests arrived at the provider, not {TESTS}")
        say(f"   {provider.requests} requests reached the provider. It is switched off now.", "good")
        return provider.url


def look(suite: Path, key: str) -> None:
    say("\n2. Look: what was recorded, and where", "head")
    files = sorted(path for path in suite.rglob("*") if path.suffix in (".yaml", ".ambr"))
    for path in files:
        say(f"   {path.relative_to(ROOT)}  ({path.stat().st_size:,} bytes)")
        expect(key not in path.read_text("utf-8"), f"the API key is in {path}")
    expect(len([path for path in files if path.suffix == ".yaml"]) == TESTS, f"there are not {TESTS} cassettes")
    expect(any(path.suffix == ".ambr" for path in files), "there is no snapshot")
    say("   The API key is in none of them.", "good")
    cassette = next(path for path in files if MISSED in path.name)
    say("\n   A cassette is a go-vcr 2 file, as Go suites write them:")
    quote(cassette.read_text("utf-8"), lines=14)
    say("\n   A snapshot says what was asked, answered and spent:")
    snapshots = next(path for path in files if path.suffix == ".ambr").read_text("utf-8")
    quote("\n".join(line for line in snapshots.partition(MISSED)[2].partition("# ---")[0].splitlines()[1:]))
    say("\n   $ llmcassette show cassettes")
    shown = run(suite, "-c", SHOW, "show", "cassettes")
    quote(shown.output.rstrip())
    expect(shown.status == 0, "llmcassette show failed")


def replay(suite: Path, url: str) -> None:
    say("\n3. Replay: the provider is gone, the network is blocked, no key is set", "head")
    say("   $ pytest")
    result = run(suite, "-m", "pytest", "-q", "-p", "no_network", DEMO_URL=url)
    quote(result.output.strip())
    expect(result.status == 0, "the replay failed")
    expect(f"{TESTS} passed" in result.output, f"not exactly {TESTS} tests passed")
    say(f"   {result.verdict}, offline.", "good")


def miss(suite: Path, url: str) -> None:
    say("\n4. Drift: somebody edits the prompt. A replay that still passed would be a lie", "head")
    say("   $ pytest        # the prompt is now 'Say hi in Spanish'")
    result = run(suite, "-m", "pytest", "-q", "-p", "no_network", DEMO_URL=url, DEMO_PROMPT="Say hi in Spanish")
    expect(result.status == 1, "a changed prompt did not fail the run")
    expect(f"1 failed, {TESTS - 1} passed" in result.output, "not exactly one test failed")
    expect("Say hi in Portuguese" in result.output, "the miss does not show the recorded prompt")
    message = re.findall(r"^E {3}(.*)$", result.output, re.MULTILINE)
    quote(textwrap.dedent("\n".join(message)) or result.output)
    say(f"   {result.verdict}, and the message says what to do.", "good")


def provider_suite() -> None:
    say("\n5. A provider suite: seven scenarios, five SDKs, plain and streamed, sync and async", "head")
    page = OUTPUT / "report.html"
    say(f"   $ cd examples/provider_suite && pytest --cassette-report=../../{page.relative_to(ROOT).as_posix()}")
    suite = EXAMPLES / "provider_suite"
    plugins = ("-p", "no_network", "-p", "no:cacheprovider")
    result = run(suite, "-m", "pytest", "-q", *plugins, f"--cassette-report={page}")
    quote("\n".join(result.output.strip().splitlines()[-6:] if result.status == 0 else result.output.splitlines()))
    expect(result.status == 0, "the example suite failed")
    passed = re.search(r"(\d+) passed", result.output)
    expect(passed is not None and int(passed[1]) >= 100, "the example suite ran fewer than 100 tests")
    expect(page.is_file() and "Say hi in Portuguese" in page.read_text("utf-8"), f"{page} does not show the suite")
    say(f"   {result.verdict}, from committed cassettes, offline.", "good")


def main() -> int:
    started = time.monotonic()
    say("pytest-llmcassette: record each conversation with an LLM provider once, replay it offline forever.")
    suite = OUTPUT / "suite"
    shutil.rmtree(OUTPUT, ignore_errors=True)
    ignored = shutil.ignore_patterns("cassettes", "__snapshots__", "__pycache__")
    shutil.copytree(EXAMPLES / "demo_suite", suite, ignore=ignored)
    try:
        url = record(suite)
        look(suite, "sk-embedded")
        replay(suite, url)
        miss(suite, url)
        provider_suite()
    except DemoError as error:
        say(f"\nThe demo failed: {error}.", "bad")
        return 1
    say(f"\nAll as promised, in {time.monotonic() - started:.0f} s. Everything is still there to look at:", "head")
    say(f"   {suite.relative_to(ROOT)}/test_demo.py, cassettes/, __snapshots__/")
    say(f"   {(OUTPUT / 'report.html').relative_to(ROOT)}: every conversation of the provider suite, for a browser")
    say("   README.md says how to do the same to your own tests.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

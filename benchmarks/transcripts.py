"""What it costs to understand a recorded stream: all streams of the corpus, against the floor of framing and JSON.

Run it with `LLMCASSETTE_CORPUS=... python -m benchmarks.transcripts`. The target is at most 0.3 ms a stream on average.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import alternate
from benchmarks.table import compared
from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.framing import sse
from pytest_llmcassette.protocols import registry

ROUNDS = 15
_SDKS = ("openai", "anthropic", "google.genai", "mistralai", "cohere", "ollama", "botocore")


def streams(folder: Path) -> list[Interaction]:
    """Every recorded LLM stream below the folder."""
    found = []
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        try:
            interactions = load(path)
        except CassetteError as problem:
            print(f"left out: {problem}".splitlines()[0], file=sys.stderr)
            continue
        for interaction in interactions:
            transcript = registry.read(interaction)
            if transcript is not None and transcript.stream:
                found.append(interaction)
    return found


def main() -> int:
    """Print the figures; 2 without a corpus."""
    named = os.environ.get("LLMCASSETTE_CORPUS")
    if not named:
        print("Set LLMCASSETTE_CORPUS to the folder of recorded cassettes.", file=sys.stderr)
        return 2
    recorded = streams(Path(named))
    bodies = [interaction.response.body for interaction in recorded if b"data:" in interaction.response.body]
    size = sum(len(body) for body in bodies)

    def over(items: list[Interaction], act: Callable[[Interaction], object]) -> Callable[[], None]:
        def call() -> None:
            for item in items:
                act(item)

        return call

    def frame() -> None:
        for body in bodies:
            sse.parse(body)

    def frame_and_decode() -> None:
        for body in bodies:
            for event in sse.parse(body)[0]:
                if event.data[:1] == "{":
                    json.loads(event.data)

    contenders = {
        "transcripts and usage": over(recorded, registry.read),
        "framing of the SSE bodies": frame,
        "framing + json.loads of the SSE bodies": frame_and_decode,
    }
    figures = alternate(contenders, rounds=ROUNDS, calls=1)
    title = f"{len(recorded)} streams, {len(bodies)} of them SSE ({size / 1e6:.1f} MB); the table is for all together"
    print(compared(title, figures, "transcripts and usage"))
    whole = figures["transcripts and usage"]
    print(
        f"transcripts and usage: {whole.median / len(recorded):.3f} ms a stream, "
        f"best round {min(whole.rounds) / len(recorded):.3f}"
    )
    print(f"SSE framing: {size / 1e3 / figures['framing of the SSE bodies'].median:.0f} MB/s")
    print(f"client libraries imported: {', '.join(name for name in _SDKS if name in sys.modules) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

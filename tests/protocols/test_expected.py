"""Every transcript against the official SDKs' reading of the same recorded bytes: the corpus' `expected.jsonl`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from recorded import loaded

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Transcript

from .compare import differences

PROTOCOLS = {
    "anthropic.messages": 89,
    "bedrock.converse": 26,
    "bedrock.invoke_model": 21,
    "cohere.chat": 14,
    "cohere.embed": 6,
    "gemini.embed_content": 4,
    "gemini.generate_content": 81,
    "mistral.chat": 16,
    "ollama.chat": 8,
    "ollama.generate": 8,
    "openai.chat": 146,
    "openai.completions": 11,
    "openai.embeddings": 18,
    "openai.responses": 50,
}


# Claude 2 answers InvokeModel with a text completion; the SDK's Message knows no `completion` and drops it.
WORDS_THE_SDK_DROPS = "test_anthropic/test_anthropic_2_completion.yaml"


@cache
def rows_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows.setdefault(row["protocol"], []).append(row)
    return rows


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_row(corpus: Path, protocol: str) -> None:
    rows = rows_of(corpus / "expected.jsonl")[protocol]
    assert len(rows) == PROTOCOLS[protocol]
    problems = {}
    for row in rows:
        interaction = loaded(corpus / row["file"])[row["index"]]
        found = differences(row, registry.read(interaction))
        if row["file"].endswith(WORDS_THE_SDK_DROPS):
            assert [problem.partition(":")[0] for problem in found] == ["text"]
            continue
        if found:
            problems[f"{row['file']} #{row['index']}"] = found
    assert problems == {}


def test_no_protocol_is_left_out(corpus: Path) -> None:
    assert set(rows_of(corpus / "expected.jsonl")) == set(PROTOCOLS)


class TestTheComparison:
    """It must be able to fail."""

    ROW = {  # noqa: RUF012
        "url": "https://api.openai.com/v1/chat/completions",
        "protocol": "openai.chat",
        "provider": "openai",
        "stream": True,
        "id": "1",
        "text": "Hi",
        "tool_calls": [],
        "complete": True,
        "usage": {"input": 3, "output": 0, "total": 3},
    }

    def differing(self, **changes: Any) -> list[str]:
        base = {"protocol": "openai.chat", "provider": "openai", "stream": True, "id": "1", "complete": True}
        return differences(self.ROW, Transcript(**{**base, **changes}))

    def test_each_field_is_compared(self) -> None:
        assert [problem.partition(":")[0] for problem in self.differing(id="2", provider="x")] == [
            "provider",
            "usage",
            "id",
            "text",
        ]

    def test_no_transcript_differs(self) -> None:
        assert differences(self.ROW, None)

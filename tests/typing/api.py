"""The public interface as a user's typed suite uses it: checked by `mypy --strict` in `tox run -e lint`, never run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

import pytest

from pytest_llmcassette import (
    Expect,
    Fault,
    LlmCassette,
    Provider,
    RecordMode,
    Transcript,
    Usage,
    all_faults,
    register_fault,
    use_cassette,
)
from pytest_llmcassette.answers.equivalence import assert_equivalent
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteError, RequestNotRecorded
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.registry import register
from pytest_llmcassette.protocols.transcript import Choice, FinishReason, Reasoning, Text, ToolCall
from pytest_llmcassette.replay.plan import Delivery


class Gateway(Provider):
    """A provider may be subclassed."""

    @property
    def admin_url(self) -> str:
        return f"{self.base_url}/admin"


def pytest_llmcassette_providers() -> list[Provider]:
    return [
        Provider("plain", base_url="https://example.com/v1", model="m", api_key_env="EXAMPLE_KEY"),
        Gateway(
            "gateway",
            base_url="https://example.com/v1",
            model="m",
            api_key_env="EXAMPLE_KEY",
            protocol="openai.chat",
            capabilities={"tools", "vision"},
            extra={"region": "eu"},
        ),
    ]


@pytest.fixture
def llm_cassette_config() -> Mapping[str, Any]:
    return {"record_mode": RecordMode.ONCE, "ignore_json": ["messages[*].id"]}


@pytest.mark.cassette("shared/name", record_mode="once", ignore_json=["a.b"])
def test_as_a_user_writes_it(llm_cassette: LlmCassette, llm_provider: Provider, llm_snapshot: object) -> None:
    assert_type(llm_cassette.path, Path)
    assert_type(llm_cassette.mode, RecordMode)
    assert_type(llm_cassette.interactions, tuple[Interaction, ...])
    assert_type(llm_cassette.transcripts, tuple[Transcript, ...])
    assert_type(llm_cassette.transcript, Transcript)
    assert_type(llm_cassette.usage, Usage)
    assert_type(llm_cassette.usage_by_model, dict[str, Usage])
    assert_type(llm_cassette.usage.input_tokens, int | None)
    assert_type([sent.body for sent in llm_cassette.requests], list[bytes])
    assert_type(llm_provider.api_key, str)
    assert_type(llm_provider.base_url, str)
    assert_type(llm_provider.model, str)
    assert llm_cassette == llm_snapshot
    assert_equivalent(llm_cassette.transcript, llm_cassette.transcripts[0], same_words=False)


def read(transcript: Transcript) -> str:
    for part in transcript.parts:
        match part:
            case Text(text=text) | Reasoning(text=text):
                return text
            case ToolCall(name=name):
                return name or ""
    first: Choice = transcript.choices[0]
    return "" if first.finish is FinishReason.STOP else transcript.text


def script() -> None:
    try:
        with use_cassette("a.yaml", record_mode="once", allow_unplayed=True) as cassette:
            assert_type(cassette, LlmCassette)
    except CassetteError as error:
        print(error)
    except RequestNotRecorded as miss:
        print(miss)


async def async_script() -> None:
    async with use_cassette(Path("a.yaml")) as cassette:
        assert_type(cassette, LlmCassette)


@use_cassette("a.yaml", match_on=["method", "path"])
def decorated(text: str) -> int:
    return len(text)


@use_cassette("a.yaml")
async def decorated_coroutine(text: str, *, count: int = 1) -> str:
    return text * count


async def call_decorated() -> None:
    assert_type(decorated("a"), int)
    assert_type(await decorated_coroutine("a", count=2), str)


def late(delivery: Delivery, seconds: float = 3) -> Delivery:
    delivery.wait = seconds
    return delivery


row = register_fault(Fault(name="late", sentence="It comes late.", expect=Expect.RECOVER, change=late))
assert_type(all_faults(), tuple[Fault, ...])


def test_under_a_fault() -> None:
    with use_cassette("a.yaml", faults=["http_429", row]) as cassette:
        assert_type(cassette, LlmCassette)


class Own(WireProtocol):
    name = "own"

    def claims(self, exchange: Exchange) -> bool:
        return exchange.host == "example.com"

    def read(self, exchange: Exchange) -> Transcript:
        return Transcript(protocol=self.name, provider="own", stream=False, usage=Usage(input_tokens=1))


register(Own())

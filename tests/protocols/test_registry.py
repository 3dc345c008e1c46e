"""Finding a protocol, and a user's own one from a conftest."""

import gzip
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.hosts import is_known, provider_at
from pytest_llmcassette.protocols.routes import ROUTES
from pytest_llmcassette.protocols.transcript import Transcript

from .made import OPENAI, as_bytes, chunk, interaction, sse


class Parrot(WireProtocol):
    name = "parrot.chat"

    def claims(self, exchange: Exchange) -> bool:
        return exchange.path == "/v1/chat/completions" and exchange.host == "api.openai.com"

    def read(self, exchange: Exchange) -> Transcript:
        return Transcript(protocol=self.name, provider="parrot", stream=False)


def test_a_users_protocol_is_asked_first_and_can_be_taken_away() -> None:
    registry.register(Parrot())
    try:
        assert registry.read(interaction(OPENAI, b"{}")).protocol == "parrot.chat"
        with pytest.raises(CassetteError, match=r"'parrot\.chat' is already registered"):
            registry.register(Parrot())
    finally:
        registry.unregister("parrot.chat")
    assert registry.read(interaction(OPENAI, b"{}")).protocol == "openai.chat"
    with pytest.raises(CassetteError, match=r"No wire protocol 'parrot\.chat'"):
        registry.unregister("parrot.chat")


@pytest.mark.parametrize("header", ["gzip", None])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_stored_encoded_is_decoded(header: str, stream: bool) -> None:
    """Go's transport decodes gzip only when it asked for it itself: else go-vcr keeps the raw bytes."""
    choice = {"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}
    body = sse(chunk({"content": "Hi"}, "stop")) if stream else as_bytes({"choices": [choice]})
    made = interaction(OPENAI, gzip.compress(body))
    made.response.headers = {"Content-Encoding": [header]} if header else {}
    transcript = registry.read(made)
    assert (transcript.text, transcript.stream, transcript.complete) == ("Hi", stream, True)
    made.response.body = made.response.body[:-9]
    assert not registry.read(made).complete


def test_the_documented_names_are_there_once() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text("utf-8")
    table = page.partition("| API | names |")[2].partition("\n\n")[0]
    assert sorted(registry.names()) == sorted(re.findall(r"`([a-z0-9]+\.[a-z_0-9]+)`", table))


def test_every_route_has_its_protocol() -> None:
    for route in ROUTES:
        module = import_module(f"pytest_llmcassette.protocols.{route.module}")
        assert route.name in [protocol.name for protocol in module.PROTOCOLS], route.requests


@pytest.mark.parametrize(
    ("host", "path", "provider"),
    [
        ("api.openai.com", "", "openai"),
        ("API.OpenAI.com", "", "openai"),
        ("my-thing.openai.azure.com", "", "azure"),
        ("my-thing.services.ai.azure.com", "", "azure"),
        ("us-central1-aiplatform.googleapis.com", "", "vertex"),
        ("aiplatform.googleapis.com", "", "vertex"),
        ("generativelanguage.googleapis.com", "", "gemini"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "", "bedrock"),
        ("vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "", "bedrock"),
        ("s3.us-east-1.amazonaws.com", "", "s3.us-east-1.amazonaws.com"),
        ("localhost", "/api/chat", "ollama"),
        ("localhost", "/v1/chat/completions", "localhost"),
        ("evil-openai.azure.com.example", "", "evil-openai.azure.com.example"),
        ("", "", ""),
    ],
)
def test_provider_of_a_host(host: str, path: str, provider: str) -> None:
    assert provider_at(host, path) == provider


@pytest.mark.parametrize("host", ["api.voyageai.com", "R.JINA.ai", "runtime.sagemaker.eu-west-1.amazonaws.com"])
def test_a_provider_that_goes_by_its_host_is_known(host: str) -> None:
    assert is_known(host)
    assert provider_at(host) == host.lower()
    assert not is_known(f"{host}.example")


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("http://localhost:8080/v1/chat/completions", "llama.cpp"),
        ("http://127.0.0.1:8000/v1/completions", "vllm"),
        ("http://[::1]:11434/v1/chat/completions", "ollama"),
        ("http://localhost:5001/v1/chat/completions", "localhost"),
        ("http://localhost/v1/chat/completions", "localhost"),
        ("http://localhost:99999/v1/chat/completions", "localhost"),
        ("https://llm.example.com:8080/v1/chat/completions", "llm.example.com"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions", "bedrock"),
    ],
)
def test_a_server_on_this_machine_is_known_by_its_port(url: str, provider: str) -> None:
    assert registry.read(interaction(url, b"{}")).provider == provider


@pytest.mark.parametrize(
    "url",
    [
        OPENAI,
        "https://api.openai.com/v1/responses",
        "https://api.anthropic.com/v1/messages",
        "https://api.cohere.com/v2/chat",
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
    ],
)
def test_an_error_status_whose_body_is_an_event(url: str) -> None:
    body = b'event: error\ndata: {"error": {"type": "overloaded", "message": "Later"}}\n\n'
    transcript = registry.read(interaction(url, body, status=529, content_type="text/event-stream"))
    assert (transcript.stream, transcript.complete) == (False, False)
    assert (transcript.error.status, transcript.error.type, transcript.error.message) == (529, "overloaded", "Later")


def test_a_redirect_is_no_answer() -> None:
    assert registry.read(interaction(OPENAI, b"", status=307)) is None


def test_reading_imports_no_client_library() -> None:
    code = (
        "import sys\n"
        "from pytest_llmcassette.protocols import registry\n"
        "registry.names()\n"
        "heavy = ('openai', 'anthropic', 'google', 'mistralai', 'cohere', 'ollama', 'botocore', 'httpx', 'yaml')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

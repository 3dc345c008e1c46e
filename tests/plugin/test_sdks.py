"""The main job, with a real SDK: the README's suite recorded, replayed offline, and a Go suite's cassette."""

from __future__ import annotations

import pytest

from plugin.suite import Suite, outcomes, said

pytestmark = pytest.mark.usefixtures("openai")

CONFTEST = """
import os
import openai
import pytest
from pytest_llmcassette import Provider

def pytest_llmcassette_providers():
    url = os.environ["SERVER"] + "/v1"
    return [Provider(name, base_url=url, model=f"m-{name}", api_key_env="EXAMPLE_API_KEY") for name in ("one", "two")]

@pytest.fixture(scope="session")
def client(llm_provider):
    return openai.OpenAI(base_url=llm_provider.base_url, api_key=llm_provider.api_key, max_retries=0)
"""

TEST = """
pytestmark = pytest.mark.cassette

@pytest.mark.parametrize("stream", [True, False])
def test_simple(client, llm_provider, llm_cassette, llm_snapshot, stream):
    asked = {"model": llm_provider.model, "messages": [{"role": "user", "content": "Say hi"}]}
    if stream:
        chunks = client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    else:
        text = client.chat.completions.create(**asked).choices[0].message.content
    assert text.startswith("answer ")
    assert llm_cassette.transcript.text == text
    assert llm_cassette.usage.total_tokens == 9
    assert llm_cassette == llm_snapshot
"""


def test_the_first_run_of_a_provider_suite_and_all_after_it(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.file("conftest.py", CONFTEST)
    suite.test(TEST)
    assert outcomes(suite.run("--record-mode=once")) == {"skipped": 4}
    monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
    suite.run("--record-mode=once", "--snapshot-update").assert_outcomes(passed=4)
    assert set(suite.server.keys) == {"real-key"}
    assert suite.cassettes() == [
        f"cassettes/test_it/{provider}/test_simple[{stream}].yaml"
        for provider in ("one", "two")
        for stream in ("False", "True")
    ]
    monkeypatch.delenv("EXAMPLE_API_KEY")
    result = suite.run()
    result.assert_outcomes(passed=4)
    assert result.ret == 0
    assert suite.server.calls == 4


def test_a_miss_ends_the_test_at_once_and_no_sdk_retries_it(suite: Suite) -> None:
    suite.test(
        """
        import openai

        @pytest.mark.cassette
        def test_ask():
            client = openai.OpenAI(base_url=os.environ["SERVER"] + "/v1", max_retries=5)
            try:
                client.chat.completions.create(model="m", messages=[])
            except Exception:
                pass
        """
    )
    result = suite.run()
    assert outcomes(result) == {"failed": 1}
    shown = said(result)
    assert shown.count("Record it:") == 1
    assert "/v1/chat/completions, but there is no cassette" in shown
    assert "httpx/_client.py" not in shown
    assert suite.server.calls == 0


GO_CASSETTE = """\
---
version: 2
interactions:
- id: 0
  request:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    content_length: 160
    host: ""
    body: '{"messages":[{"content":"You are a helpful assistant","role":"system"},{"content":"Say hi in Portuguese","role":"user"}],"model":"kimi","max_tokens":4000,"stream_options":{"include_usage":true},"stream":true}'
    headers:
      Accept:
      - application/json
      Content-Type:
      - application/json
    url: https://router.huggingface.co/v1/chat/completions
    method: POST
  response:
    proto: HTTP/2.0
    proto_major: 2
    proto_minor: 0
    content_length: -1
    body: |+
      data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"kimi","choices":[{"index":0,"delta":{"role":"assistant","content":"Ol"},"finish_reason":null}]}

      data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"kimi","choices":[{"index":0,"delta":{"content":"á!"},"finish_reason":"stop"}]}

      data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"kimi","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":3,"total_tokens":23}}

      data: [DONE]

    headers:
      Content-Type:
      - text/event-stream
    status: 200 OK
    code: 200
    duration: 1.2s
"""  # noqa: E501 - a cassette's lines are not ours to break


def test_a_go_suites_cassette_in_its_own_tree(suite: Suite) -> None:
    suite.file("pytest.ini", "[pytest]\nllmcassette_path = testdata/{class}/{provider}/{scenario}.yaml\n")
    cassette = suite.file("testdata/TestOpenAICompatibleCommon/huggingface-kimi-k2/simple_streaming.yaml", GO_CASSETTE)
    suite.file(
        "conftest.py",
        """
        from pytest_llmcassette import Provider

        def pytest_llmcassette_providers():
            return [
                Provider(
                    "huggingface-kimi-k2",
                    base_url="https://router.huggingface.co/v1",
                    model="kimi",
                    api_key_env="HF_TOKEN",
                )
            ]
        """,
    )
    suite.test(
        """
        import openai

        @pytest.mark.cassette
        class TestOpenAICompatibleCommon:
            def test_simple_streaming(self, llm_provider, llm_cassette):
                client = openai.OpenAI(base_url=llm_provider.base_url, api_key=llm_provider.api_key)
                stream = client.chat.completions.create(
                    model=llm_provider.model,
                    messages=[
                        {"role": "system", "content": "You are a helpful assistant"},
                        {"role": "user", "content": "Say hi in Portuguese"},
                    ],
                    max_tokens=4000,
                    stream=True,
                    stream_options={"include_usage": True},
                )
                text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
                assert text == llm_cassette.transcript.text == "Olá!"
                assert llm_cassette.usage.output_tokens == 3
        """
    )
    suite.run().assert_outcomes(passed=1)
    assert cassette.read_text("utf-8") == GO_CASSETTE


def test_httpx2_is_recorded_too(suite: Suite) -> None:
    pytest.importorskip("httpx2")
    suite.test(
        """
        import httpx2

        @pytest.mark.cassette
        def test_ask(llm_cassette):
            with httpx2.Client(verify=False) as client:
                assert client.post(os.environ["SERVER"] + "/ask", json={"a": 1}).text == "answer 1"
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.run().assert_outcomes(passed=1)
    assert suite.server.calls == 1

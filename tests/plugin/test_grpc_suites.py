"""A user's suite of calls over gRPC: whose they are, what is kept, what is missed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugin.suite import Suite, outcomes, said

pytest.importorskip("xai_sdk")

from servers.grok import GrokServer

SUITE = """
    import asyncio
    import os
    import pytest
    import xai_sdk
    from pytest_llmcassette import use_cassette
    from xai_sdk.chat import user

    def ask(client, text="hi", model="grok-4"):
        return client.chat.create(model=model, messages=[user(text)]).sample().content

    @pytest.fixture(scope="session")
    def client():
        return xai_sdk.Client(api_key="xai-0123456789", api_host=os.environ["GROK"], use_insecure_channel=True)

    @pytest.fixture(scope="module")
    def warm(client):
        with use_cassette("warm.yaml", record_mode="once"):
            return ask(client, "warm up")

    @pytest.mark.cassette
    def test_answer(client, warm, llm_cassette):
        answer = ask(client)
        assert answer.startswith("answer ") and warm.startswith("answer ") and answer != warm
        assert llm_cassette.transcript.text == answer
        assert llm_cassette.usage.total_tokens == 10

    @pytest.mark.cassette
    def test_stream(client, llm_cassette, llm_snapshot):
        chat = client.chat.create(model="grok-4", messages=[user("hi")])
        text = "".join(chunk.content for _, chunk in chat.stream())
        assert llm_cassette.transcript.text == text
        assert llm_cassette == llm_snapshot

    @pytest.mark.cassette
    def test_fails(client):
        ask(client)
        assert os.environ.get("PASSES")

    @pytest.mark.cassette
    def test_refused(client):
        ask(client, model=os.environ.get("MODEL", "grok-4"))

    @pytest.mark.cassette
    def test_async():
        async def main():
            client = xai_sdk.AsyncClient(api_key="x", api_host=os.environ["GROK"], use_insecure_channel=True)
            chat = client.chat.create(model="m", messages=[user("hi")])
            pieces = [chunk.content async for _, chunk in chat.stream()]
            await client.close()
            return "".join(pieces)

        assert asyncio.run(main()).startswith("answer ")

    @pytest.mark.cassette
    def test_swallows(client):
        try:
            ask(client, os.environ.get("WORD", "hi"))
        except BaseException:
            pass
"""


@pytest.fixture
def grok() -> Iterator[GrokServer]:
    with GrokServer() as server:
        yield server


def test_a_suite(suite: Suite, grok: GrokServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROK", grok.target)
    suite.test(SUITE)
    monkeypatch.setenv("MODEL", "locked")
    first = suite.run("--record-mode=once", "--snapshot-update")
    assert outcomes(first) == {"passed": 4, "failed": 2}, said(first)
    assert "1 test not recorded: 127.0.0.1 answered UNAUTHENTICATED; set a key that it takes" in said(first)
    assert suite.cassettes() == [
        "cassettes/test_it/test_answer.yaml",
        "cassettes/test_it/test_async.yaml",
        "cassettes/test_it/test_stream.yaml",
        "cassettes/test_it/test_swallows.yaml",
        "warm.yaml",
    ]
    monkeypatch.setenv("PASSES", "1")
    monkeypatch.delenv("MODEL")
    assert outcomes(suite.run("--record-mode=once", "--snapshot-update")) == {"passed": 6}
    grok.stop()
    replayed = suite.run("--cassette-faults")
    assert outcomes(replayed) == {"passed": 6}
    assert "6 tests not taken through faults: conversations" in said(replayed)
    monkeypatch.setenv("WORD", "ho")
    last = suite.run()
    assert outcomes(last) == {"passed": 5, "failed": 1}
    assert 'messages[0].content[0].text  recorded: "hi"  sent: "ho"' in said(last)

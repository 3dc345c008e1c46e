"""Faults by mark, by fixture and by parameter, through a real SDK."""

from __future__ import annotations

from plugin.suite import Suite, outcomes, said

CLIENT = """
import openai

@pytest.fixture
def client():
    return openai.OpenAI(base_url=os.environ["SERVER"] + "/v1", api_key="sk-test", max_retries=1)

def ask(client):
    stream = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "hi"}], stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
"""
PLAIN = """
@pytest.mark.cassette("hi")
def test_plain(client, llm_cassette, llm_snapshot):
    assert ask(client) == "answer 1"
    assert llm_cassette == llm_snapshot
"""
FAULTY = """
from pytest_llmcassette.faults.registry import stream_faults

cassette = pytest.mark.cassette("hi")

@cassette
@pytest.mark.llm_fault("http_429")
def test_recovers(client, llm_cassette, llm_snapshot):
    assert ask(client) == "answer 1"
    assert llm_cassette.transcript.complete
    assert llm_cassette == llm_snapshot(name="of nothing that is accepted")

@cassette
@pytest.mark.llm_fault("http_429", always=True)
def test_always(client, llm_cassette):
    with pytest.raises(openai.RateLimitError):
        ask(client)
    assert llm_cassette.transcript.error.status == 429

@cassette
@pytest.mark.llm_fault("cut_after_event", n=2)
def test_cut(client, llm_cassette):
    with pytest.raises(openai.APIConnectionError):
        ask(client)
    assert llm_cassette.transcript.text == "answer 1"
    assert not llm_cassette.transcript.complete

@cassette
def test_fixture(client, llm_cassette, llm_faults):
    with llm_faults("reset", bytes=100) as fault, pytest.raises(openai.APIConnectionError):
        ask(client)
    [where] = fault.strikes
    assert where.startswith("POST http://") and "/v1/chat/completions, at byte 100 of " in where
    llm_faults.next("http_503")
    assert ask(client) == "answer 1"
    assert [one.partition(":")[0] for one in llm_faults.struck] == ["reset", "http_503"]

@cassette
@pytest.mark.parametrize("fault", [one for one in stream_faults() if one.name in ("stall", "no_terminator")])
def test_parameter(client, llm_cassette, fault):
    try:
        assert ask(client) == "answer 1"
    except openai.APITimeoutError:
        assert fault.name == "stall"
    assert not llm_cassette.transcript.complete

@cassette
@pytest.mark.llm_fault("cut_in_tool_call")
def test_does_not_fit(client):
    ask(client)
"""


def test_three_ways(suite: Suite) -> None:
    suite.test(CLIENT + PLAIN)
    assert outcomes(suite.run("--record-mode=once", "--snapshot-update")) == {"passed": 1}
    suite.test(CLIENT + FAULTY)
    suite.server.reset()
    result = suite.run("--record-mode=rewrite", "-rA")
    assert outcomes(result) == {"passed": 6, "failed": 1}
    assert "it holds no tool call with arguments" in said(result)
    assert suite.server.calls == 0

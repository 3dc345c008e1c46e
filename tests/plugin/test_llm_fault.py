"""Faults by mark, by fixture and by parameter, through a real SDK."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugin.suite import Suite, outcomes, said
from pytest_llmcassette.faults import registry

pytestmark = pytest.mark.usefixtures("openai")

CLIENT = """
import openai

def client(max_retries=1, **options):
    url = os.environ["SERVER"] + "/v1"
    return openai.OpenAI(base_url=url, api_key="sk-test", max_retries=max_retries, **options)

def stream(text="hi", **options):
    chunks = client(**options).chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": text}], stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
"""
PLAIN = """
@pytest.mark.cassette("hi")
def test_plain(llm_cassette, llm_snapshot):
    assert stream() == "answer 1"
    assert llm_cassette == llm_snapshot

@pytest.mark.cassette("turns")
def test_turns():
    assert [stream(), stream("two"), stream("two")] == ["answer 2", "answer 3", "answer 4"]
"""
FAULTY = """
from pytest_llmcassette import stream_faults, use_cassette

hi = pytest.mark.cassette("hi")
turns = pytest.mark.cassette("turns")

@hi
@pytest.mark.llm_fault("http_429")
def test_recovers(llm_cassette, llm_snapshot):
    assert stream() == "answer 1"
    assert llm_cassette.transcript.complete
    assert llm_cassette == llm_snapshot(name="of nothing that is accepted")

@hi
@pytest.mark.llm_fault("http_429", always=True)
@pytest.mark.llm_budget(output_tokens=0)
def test_always(llm_cassette):
    with pytest.raises(openai.RateLimitError):
        stream()
    assert llm_cassette.transcript.error.status == 429

@hi
@pytest.mark.llm_fault("http_429", times=2)
def test_times():
    with pytest.raises(openai.RateLimitError):
        stream(max_retries=1)
    assert stream(max_retries=0) == "answer 1"

@hi
@pytest.mark.llm_fault("http_500")
@pytest.mark.llm_fault("cut_after_event", n=2)
def test_one_after_the_other(llm_cassette):
    with pytest.raises(openai.APIConnectionError):
        stream()
    assert llm_cassette.transcript.text == "answer 1"
    assert not llm_cassette.transcript.complete

@turns
@pytest.mark.llm_fault("cut_after_event")
def test_what_a_fault_made_unreachable_may_stay_unplayed():
    with pytest.raises(openai.APIConnectionError):
        stream()

@turns
@pytest.mark.llm_fault("slow_first_token", on=1)
def test_a_timeout_of_the_clients_own_is_tried_again(llm_cassette):
    impatient = {"timeout": 5}
    assert [stream(), stream("two", **impatient), stream("two")] == ["answer 2", "answer 3", "answer 4"]
    assert len(llm_cassette.requests) == 3

@turns
@pytest.mark.llm_fault("duplicate_event", on=1)
def test_on():
    assert [stream(), stream("two"), stream("two")] == ["answer 2", "answeranswer 3", "answer 4"]

@turns
@pytest.mark.llm_fault("duplicate_event", on="each")
def test_each():
    answers = [stream(), stream("two"), stream("two")]
    assert answers == ["answeranswer 2", "answeranswer 3", "answeranswer 4"]

@hi
def test_fixture(llm_cassette, llm_faults):
    with llm_faults("reset", bytes=100) as fault, pytest.raises(openai.APIConnectionError):
        stream()
    [where] = fault.strikes
    assert where.startswith("POST http://") and "/v1/chat/completions, at byte 100 of " in where
    llm_faults.next("http_503")
    assert stream() == "answer 1"
    assert [one.partition(":")[0] for one in llm_faults.struck] == ["reset", "http_503"]
    assert llm_cassette.transcript.text == "answer 1"

@hi
@pytest.mark.parametrize("fault", [one for one in stream_faults() if "terminator" in one.name or "call" in one.name])
def test_parameter(llm_cassette, fault):
    assert stream() == "answer 1"
    assert not llm_cassette.transcript.complete

def test_a_block():
    with use_cassette("cassettes/hi.yaml", faults=["http_503"]) as cassette:
        assert stream() == "answer 1"
    assert cassette.transcript.complete
"""
WRONG = """
hi = pytest.mark.cassette("hi")

@hi
@pytest.mark.llm_fault("cut_in_tool_call")
def test_does_not_fit():
    try:
        stream()
    except Exception:
        pass

@hi
@pytest.mark.llm_fault("cut_after_event", n=99)
def test_too_far():
    stream()

@hi
@pytest.mark.llm_fault("http_429", on=7)
def test_strikes_nothing():
    stream()

@hi
def test_a_block_that_strikes_nothing(llm_faults):
    stream()
    with llm_faults("http_429"):
        pass

@pytest.mark.cassette("none")
@pytest.mark.llm_fault("http_429")
def test_no_recording():
    stream()

@hi
@pytest.mark.llm_fault("http_492")
def test_unknown():
    stream()

@hi
@pytest.mark.llm_fault("http_429", after=2)
def test_unknown_option():
    stream()
"""


@pytest.fixture
def recorded(suite: Suite) -> Suite:
    suite.test(CLIENT + PLAIN)
    assert outcomes(suite.run("--record-mode=once", "--snapshot-update")) == {"passed": 2}
    suite.server.reset()
    return suite


def test_by_mark_fixture_and_parameter(recorded: Suite) -> None:
    recorded.test(CLIENT + FAULTY)
    before = (recorded.path / "cassettes" / "hi.yaml").read_bytes()
    result = recorded.run("--record-mode=rewrite", "-rs")
    assert outcomes(result) == {"passed": 11, "skipped": 1}, said(result)
    assert "it holds no tool call with arguments" in said(result)
    assert recorded.server.calls == 0
    assert (recorded.path / "cassettes" / "hi.yaml").read_bytes() == before


def test_what_cannot_be_is_told(recorded: Suite) -> None:
    recorded.test(CLIENT + WRONG)
    result = recorded.run("--record-mode=once")
    told = said(result)
    assert outcomes(result) == {"failed": 5, "errors": 2}, told
    for words in (
        "it holds no tool call with arguments",
        "This stream has 5 events: n goes from 0 to that, not 99.",
        "The fault 'http_429' was to strike, but 1 exchange was made while it was in force (on=7).",
        "no exchanges were made while it was in force",
        "Nothing is recorded under a fault",
        "There is no fault 'http_492'. Did you mean 'http_4",
        "The fault 'http_429' has no option 'after'. Its options are: retry_after",
    ):
        assert words in told, words
    assert recorded.server.calls == 0


@pytest.fixture
def _own() -> Iterator[None]:
    yield
    registry.unregister_fault("shouted")


@pytest.mark.usefixtures("_own")
def test_a_fault_of_the_users_own(recorded: Suite) -> None:
    recorded.file(
        "conftest.py",
        """
        from pytest_llmcassette import Fault, register_fault

        def shouted(delivery, word=b"answer"):
            delivery.pieces = [(wait, piece.replace(word, word.upper())) for wait, piece in delivery.pieces]
            return delivery

        register_fault(Fault(name="shouted", sentence="A word is in capitals.", expect="show", change=shouted))
        """,
    )
    recorded.test(
        CLIENT
        + """
@pytest.mark.cassette("hi")
@pytest.mark.llm_fault("shouted")
def test_own(llm_cassette):
    assert stream() == llm_cassette.transcript.text == "ANSWER 1"
"""
    )
    result = recorded.run()
    assert outcomes(result) == {"passed": 1}, said(result)


def test_a_fault_without_a_cassette_is_no_quiet_pass(suite: Suite) -> None:
    suite.test("@pytest.mark.llm_fault('http_429')\ndef test_it():\n    pass\n")
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_it has @pytest.mark.llm_fault, but no cassette" in said(result)
    assert "use_cassette(..., faults=[...])" in said(result)

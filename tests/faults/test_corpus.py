"""Each fault of recordings of the corpus: what it leaves as it was, and what its protocol makes of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.faults.events import AWS, stream_of
from pytest_llmcassette.faults.fault import Fault
from pytest_llmcassette.faults.injection import injection
from pytest_llmcassette.faults.registry import all_faults
from pytest_llmcassette.framing import aws_eventstream
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import FinishReason, Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.replay.deliver import Delivery, deliver

CUT = ("cut_after_event", "cut_in_character", "cut_in_tool_call", "reset", "no_terminator", "stall")
UNCHANGED = ("keep_alive", "unknown_events", "unknown_fields", "slow_first_token")
OTHER = ("duplicate_event", "swap_events")


def is_cut(before: Transcript, after: Transcript) -> bool:
    return not after.complete and (not before.stream or before.text.startswith(after.text))


def is_the_same(before: Transcript, after: Transcript) -> bool:
    return (after.choices, counts(after), after.complete, after.error) == (before.choices, counts(before), True, None)


def counts(transcript: Transcript) -> Usage | None:
    """What was counted, without the wire's own words."""
    return transcript.usage and replace(transcript.usage, wire={})


def is_without_usage(before: Transcript, after: Transcript) -> bool:
    return (after.choices, after.usage, after.complete) == (before.choices, None, True)


def is_empty(before: Transcript, after: Transcript) -> bool:
    return after.complete and not (after.text or after.tool_calls) and after.finish_reason == before.finish_reason


def is_shorter(before: Transcript, after: Transcript) -> bool:
    [choice, *_] = after.choices
    return after.complete and choice.finish is FinishReason.LENGTH and before.text.startswith(after.text)


def is_an_error(before: Transcript, after: Transcript) -> bool:
    return after.error is not None and bool(after.error.message) and not after.complete


def is_whole(before: Transcript, after: Transcript) -> bool:
    return after.complete and after.finish_reason == before.finish_reason


def is_none(before: Transcript, after: Transcript) -> bool:
    return not after.complete and not after.text


HOLDS: dict[str, Callable[[Transcript, Transcript], bool]] = {
    **dict.fromkeys(CUT, is_cut),
    **dict.fromkeys(UNCHANGED, is_the_same),
    **dict.fromkeys(OTHER, is_whole),
    "no_usage": is_without_usage,
    "empty_answer": is_empty,
    "finish_length": is_shorter,
    "error_event": is_an_error,
}


def answers(corpus: Path, every: int) -> Iterator[tuple[str, Interaction, Transcript]]:
    """Whole answers of known protocols, a few of each kind."""
    kinds: Counter[tuple[object, ...]] = Counter()
    for file in sorted([*corpus.glob("fantasy/**/*.yaml"), *corpus.glob("vcrpy/**/*.yaml")])[:: max(1, every // 4)]:
        try:
            interactions = load(file)
        except CassetteError:
            continue
        for place, recorded in enumerate(interactions):
            if len(recorded.response.body) > 50_000:
                continue
            transcript = registry.read(recorded)
            if transcript is None or not transcript.complete:
                continue
            kind = (transcript.protocol, transcript.stream, bool(transcript.tool_calls))
            kinds[kind] += 1
            if kinds[kind] <= max(1, 8 // every):
                yield f"{file.stem} {place}", recorded, transcript


def test_each_fault_of_each_recording(corpus: Path, every: int) -> None:
    wrong: list[str] = []
    made: set[tuple[str, str]] = set()
    for name, recorded, before in answers(corpus, every):
        for fault in all_faults():
            if not fault.fits(recorded):
                continue
            delivery = injection(fault)(deliver(recorded, CassetteConfig()))
            made.add((fault.name, before.protocol))
            wrong += [f"{name} under {fault.name}: {problem}" for problem in problems(fault, before, delivery)]
    assert not wrong, "\n".join(wrong[:20])
    assert {name for name, _ in made} == {fault.name for fault in all_faults()}


def problems(fault: Fault, before: Transcript, delivery: Delivery) -> Iterator[str]:
    delivered = delivery.altered
    assert delivered is not None
    body = b"".join(piece for _, piece in delivery.pieces)
    if body != delivered.response.body:
        yield "what is told is not what is delivered"
    if delivery.head is not None:
        lengths = [int(value) for name, value in delivery.head.headers if name.lower() == b"content-length"]
        if delivery.end is None and lengths not in ([], [len(body)]):
            yield f"a body of {len(body)} bytes is said to have {lengths}"
    after = registry.read(delivered)
    if after is None:
        if fault.name != "redirect_loop":
            yield "nobody knows the answer any more"
        return
    stream = stream_of(delivered)
    if fault.name in ("cut_after_event", "stall") and body == delivery.interaction.response.body:
        # It had one event alone: only the end of the connection tells.
        return
    if fault.name not in CUT and stream is not None and stream.framing is AWS and aws_eventstream.parse(body)[1]:
        yield "its frames are damaged"
    status = int(fault.name[5:]) if fault.name.startswith("http_") else None
    if status is not None:
        if after.error is None or after.error.status != status or not after.error.message:
            yield f"its error is {after.error}"
    elif not HOLDS.get(fault.name, is_none)(before, after):
        yield f"it became {after}"

"""A test's record, made from its recorder once the test is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.model import SERVER
from pytest_llmcassette.errors import RequestNotRecorded
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.report.records import ExchangeRecord, TestRecord


def collect(
    record: TestRecord, recorder: Recorder, *, read: bool, priced: bool = False, detailed: bool = False
) -> TestRecord:
    """Fill in what the recorder knows, beside what others of the same test knew: its exchanges and misses.

    Answers are read only when somebody looks at them, since that takes the wire protocols: `read`, or what was recorded
    just now. `priced` looks up costs and the time of the recording, which loads the price list and asks git; `detailed`
    adds the conversation for the page.
    """
    for stop in recorder.misses:
        if isinstance(stop, RequestNotRecorded):
            record.missing = True
            record.misses.append([stop.kind, list(stop.differs), stop.fingerprint])
            if stop.remedy == RecordMode.REWRITE or not record.remedy:
                record.remedy = stop.remedy
        else:
            record.stopped = record.stopped or type(stop).__name__
    if recorder.known_drift is not None:
        record.drift = sorted({*record.drift, *recorder.known_drift.occurred(recorder.config)})
    record.left_out += sum(sent.live and sent.dropped for sent in recorder.sent)
    record.unkept_headers = sorted({*record.unkept_headers, *recorder.asked_headers.unkept})
    record.left_over += 0 if recorder.config.allow_unplayed else recorder.file.left_over
    played = [sent for sent in recorder.sent if sent.interaction is not None and not sent.dropped]
    before = len(record.exchanges)
    record.exchanges += [_exchange(sent) for sent in played]
    looked_at = [number for number, sent in enumerate(played) if read or sent.live]
    record.unread += len(played) - len(looked_at)
    if looked_at:
        from pytest_llmcassette.report.figures import add_answers

        found = [(record.exchanges[before + number], played[number]) for number in looked_at]
        add_answers(found, recorder, priced=priced, detailed=detailed)
    return record


def idle_places(recorders: Sequence[Recorder], named: Callable[[Path], str]) -> dict[str, list[Any]]:
    """Of each cassette that was not played whole how many interactions it holds, and the positions of the others."""
    idle: dict[str, list[Any]] = {}
    whole: set[str] = set()
    for recorder in recorders:
        name = named(recorder.path)
        is_judged = recorder.calls and not recorder.is_altered
        held, places = recorder.file.unplayed_places() if is_judged else (0, [])
        # A test may enter one cassette several times, and play another part of it each time.
        if name in idle:
            places = [place for place in places if place in idle[name][1]]
        if recorder.calls and (name in whole or not places):
            whole.add(name)
            idle.pop(name, None)
        elif places:
            idle[name] = [held, places]
    return idle


def _exchange(sent: SentRequest) -> ExchangeRecord:
    assert sent.interaction is not None
    request, response = sent.interaction.request, sent.interaction.response
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    size = len(response.body) + sum(len(frame.data) for frame in sent.interaction.frames if frame.sender == SERVER)
    record = ExchangeRecord(method=request.method, target=target, status=response.code, live=sent.live, size=size)
    if response.trailer:
        # Imported here: calls over gRPC are few.
        from pytest_llmcassette.protocols.grpc_status import status_name

        record.grpc = status_name(response)
    return record

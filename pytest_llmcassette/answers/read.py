"""What was answered to the requests of a run: each answer is read once, and of those asked for again only one counts.

A test, its snapshot, its budget and the report ask here, and whoever asks first has it read.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.hosts import is_known
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.recorder.requests import SentRequest


def transcript_of(sent: SentRequest) -> Transcript | None:
    """What was answered; None when nothing was, or when it is no known LLM call."""
    if sent.interaction is None:
        return None
    if sent.read is None:
        sent.read = (registry.read(sent.interaction),)
    transcript: Transcript | None = sent.read[0]
    return transcript


def transcripts_of(requests: Iterable[SentRequest]) -> tuple[Transcript, ...]:
    """The LLM answers that count, in the order of the requests."""
    requests = list(requests)
    gone = superseded(requests)
    found = (transcript_of(sent) for sent in requests if sent not in gone)
    return tuple(transcript for transcript in found if transcript is not None)


def unread_of(requests: Iterable[SentRequest]) -> tuple[SentRequest, ...]:
    """The requests to known providers that were answered well, may have been paid for, and are read by no protocol."""
    return tuple(sent for sent in requests if is_unread(sent))


def is_unread(sent: SentRequest) -> bool:
    """Whether nobody knows what an answer of a known provider cost: see `unread_of`."""
    code = 0 if sent.interaction is None else sent.interaction.response.code
    # 101: a WebSocket.
    if sent.interaction is None or not (200 <= code < 300 or code == 101) or transcript_of(sent) is not None:
        return False
    # Imported here: a replay alone asks for no figures.
    from pytest_llmcassette.protocols.free import free_kind
    from pytest_llmcassette.protocols.grpc_status import call_error

    exchange = Exchange(sent.interaction)
    return is_known(exchange.host) and free_kind(exchange) is None and call_error(exchange.response) is None


def poll_of(sent: SentRequest) -> str:
    """What a request asks for that may have to be asked for again: the same for all who do; `""` where it is none."""
    if sent.method == "GET":
        return "" if sent.url.startswith(("ws://", "wss://")) else sent.url
    # xAI's over gRPC.
    return f"{sent.url} {sent.body!r}" if "/GetDeferred" in sent.url else ""


def superseded(requests: Iterable[SentRequest]) -> frozenset[SentRequest]:
    """The requests whose answers another one took over: it was asked for again until it was there, or had been cut.

    Of a response that was polled (GET, the same URL) only the last poll counts, and a stream that was cut and resumed
    by GET is one answer, as are a batch and the file of its answers. What is no LLM answer takes none over.
    """
    polls: dict[str, SentRequest] = {}
    cut: dict[tuple[str, str], SentRequest] = {}
    gone: set[SentRequest] = set()
    for sent in requests:
        transcript = transcript_of(sent)
        asked = poll_of(sent)
        is_poll = asked != ""
        earlier = polls.get(asked)
        if transcript is None:
            if is_poll and (earlier is None or transcript_of(earlier) is None):
                gone.update(() if earlier is None else (earlier,))
                polls[asked] = sent
            continue
        answer = (transcript.protocol, transcript.id or sent.url)
        if is_poll:
            gone.update(one for one in (earlier, cut.get(answer)) if one is not None)
            polls[asked] = sent
        if not transcript.complete or transcript.kind == "batch":
            # A batch adds up what its file holds.
            cut[answer] = sent
    return frozenset(gone)

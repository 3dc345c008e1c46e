"""Which of a test's answers another one took over: it was asked for again until it was there, or had been cut."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.protocols.transcript import Transcript


def superseded(answered: Sequence[tuple[Interaction, Transcript | None]]) -> frozenset[int]:
    """The positions, in the order of the requests, of what counts no more.

    Of a response that was polled (GET, the same URL) only the last poll counts, and a stream that was cut and resumed
    by GET is one answer. What is no LLM answer takes none over.
    """
    polls: dict[str, int] = {}
    cut: dict[tuple[str, str], int] = {}
    gone: set[int] = set()
    for position, (interaction, transcript) in enumerate(answered):
        url = interaction.request.url
        is_poll = interaction.request.method == "GET"
        if transcript is None:
            earlier = polls.get(url)
            if is_poll and (earlier is None or answered[earlier][1] is None):
                gone.update(() if earlier is None else (earlier,))
                polls[url] = position
            continue
        answer = (transcript.protocol, transcript.id or url)
        if is_poll:
            gone.update(earlier for earlier in (polls.get(url), cut.get(answer)) if earlier is not None)
            polls[url] = position
        if not transcript.complete:
            cut[answer] = position
    return frozenset(gone)

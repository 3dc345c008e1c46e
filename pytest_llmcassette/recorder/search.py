"""What answers a request that is not, byte for byte, the next one recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmcassette.cassette.model import Headers, Interaction, Request
from pytest_llmcassette.recorder.playlist import Playlist
from pytest_llmcassette.recorder.requests import SentRequest, read_again, redact_by_name, show
from pytest_llmcassette.redaction import KnownSecrets, Redactor

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.known_drift import KnownDrift


def search(
    kept: Headers,
    sent: SentRequest,
    playlist: Playlist | None,
    redactor: Redactor,
    known: KnownSecrets,
    drift: KnownDrift | None,
) -> tuple[Request, Interaction | None]:
    """`sent`, redacted, as it is compared, and its answer: looked for by more costly means, one after the other.

    `kept` are the headers that are compared. Without a `playlist` nothing answers, and the request is redacted for a
    recording; with `drift` one answers that differs in what is known to differ.
    """
    request = redact_by_name(redactor, kept, sent, known)
    interaction = playlist.take(request) if playlist else None
    if interaction is not None:
        recorded = interaction.request
        if request.body == recorded.body and request.url == recorded.url:
            # The same bytes: a secret that is in a file hides nowhere else.
            sent.redacted_with = known.values
    else:
        # Only now: what is secret by its name alone is all that most requests have.
        known.learn_environment()
        request = read_again(redactor, request, sent, known)
        interaction = playlist.take(request) if playlist else None
    if interaction is None and playlist:
        interaction, as_recorded = playlist.take_redacted(request)
        if as_recorded is not None:
            show(sent, as_recorded)
    if interaction is None and playlist and drift is not None:
        interaction = playlist.take_drifted(request, drift)
    return request, interaction

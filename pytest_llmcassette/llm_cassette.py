"""What a test sees of its cassette. Nothing here is computed before it is asked for."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from pytest_llmcassette.answers.read import transcripts_of
from pytest_llmcassette.cassette.model import Headers, Interaction
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import SentRequest


def is_complete(interaction: Interaction) -> bool:
    """Whether an answer reached its wire protocol's own end (`[DONE]`, `message_stop`, ...); for `Recorder`."""
    transcript = registry.read(interaction)
    return transcript is not None and transcript.complete


def prepare_to_record() -> None:
    """Import what `is_complete` needs, and a look-up of a name, before it is asked for in a running event loop."""
    registry.names()
    import_module("encodings.idna")


_SAID = ("chat", "completion", "embedding")
"""Kinds of answers that are the one transcript of a test, whatever else it did."""


def _copied(headers: Headers) -> Headers:
    return {name: list(values) for name, values in headers.items()}


class LlmCassette:
    """One cassette, live: it shows the requests and answers of this run so far."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._copies: dict[int, tuple[Interaction, Interaction]] = {}

    @property
    def path(self) -> Path:
        """Where the cassette file is, or will be."""
        return self._recorder.path

    @property
    def mode(self) -> RecordMode:
        """The record mode in force."""
        return self._recorder.mode

    @property
    def requests(self) -> tuple[SentRequest, ...]:
        """The requests as they were sent in this run, redacted, in their order, without retried failures."""
        self._recorder.sweep()
        return tuple(sent for sent in self._recorder.sent if not sent.dropped)

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """What was played or recorded in this run, in the order of the requests, without retried failures.

        Copies: a test that changes one changes neither the file nor what other tests of this cassette are served.
        """
        self._recorder.sweep()
        return tuple(self._copy_of(interaction) for interaction in self._recorder.interactions)

    def _copy_of(self, interaction: Interaction) -> Interaction:
        known = self._copies.get(id(interaction))
        if known is None:
            request, response = interaction.request, interaction.response
            copy = replace(
                interaction,
                request=replace(request, headers=_copied(request.headers), form=_copied(request.form)),
                response=replace(response, headers=_copied(response.headers)),
                frames=tuple(map(replace, interaction.frames)),
            )
            # The interaction is kept with it: an id alone could be used again.
            known = self._copies[id(interaction)] = (interaction, copy)
        return known[1]

    @property
    def transcripts(self) -> tuple[Transcript, ...]:
        """What was answered, for the LLM exchanges alone, in the order of the requests.

        Of a response that was polled only the last poll counts, and a stream that was cut and resumed is one answer.
        """
        return transcripts_of(self.requests)

    @property
    def transcript(self) -> Transcript:
        """The one transcript; raises `CassetteError` naming what there is when there is none, or several.

        Where something was said, what was made, heard or ranked beside it is not asked for: see `transcripts`.
        """
        found = self.transcripts
        found = tuple(one for one in found if one.kind in _SAID) or found
        if len(found) == 1:
            return found[0]
        if found:
            there = "\n".join(
                f"  [{index}] {one.protocol} {one.model or ''} {one.text[:60]!r}" for index, one in enumerate(found)
            )
            raise CassetteError(
                f"{len(found)} LLM exchanges were made, so `transcript` cannot say which:\n{there}\n"
                "Use `transcripts[...]`."
            )
        asked = [f"  {sent.method} {sent.url}" for sent in self.requests]
        there = "No request was made." if not asked else "\n".join(["The requests were:", *asked])
        raise CassetteError(
            f"No LLM exchange was finished with {self.path}, so there is no `transcript`. {there}\n"
            "A stream has to be read to its end, or closed, first."
        )

    @property
    def usage(self) -> Usage:
        """The usage of all LLM exchanges together."""
        # Imported here, as below: replaying alone adds nothing up.
        from pytest_llmcassette.answers.accounting import total

        return total(one.usage for one in self.transcripts)

    @property
    def usage_by_model(self) -> dict[str, Usage]:
        """The usage by the model that answered (else the one asked for, else `"unknown model"`)."""
        from pytest_llmcassette.answers.accounting import by_model, total

        answers = (answer for one in self.transcripts for answer in one.answers)
        reported = by_model((one.model_name, one.usage) for one in answers if one.usage is not None)
        return {model: total(usages) for model, usages in reported.items()}

    def __eq__(self, other: object) -> bool:
        # A snapshot's own __eq__ decides what it is compared with: syrupy's is asked when ours does not answer.
        return self._recorder is other._recorder if isinstance(other, LlmCassette) else NotImplemented

    def __hash__(self) -> int:
        return hash(id(self._recorder))

    def __repr__(self) -> str:
        return f"<LlmCassette {str(self.path)!r} mode={self.mode} requests={len(self.requests)}>"

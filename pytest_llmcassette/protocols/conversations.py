"""Conversations in frames: what both sides said over a WebSocket, as one transcript with a turn for each answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import CLIENT, Frame, FrameKind
from pytest_llmcassette.protocols.assembly import Assembly
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.json_stream import json_object
from pytest_llmcassette.protocols.transcript import Choice, ExchangeError, Transcript
from pytest_llmcassette.protocols.usage import Usage

_MOST_NOTES = 5
PEACEFUL = ("1000", "1001", "1005")
"""A close by the book: done, gone away, without a word."""
_LONGEST = 1000


def message_of(frame: Frame) -> dict[str, Any] | None:
    """The JSON object that a frame holds, as text, as bytes of it, or beside a binary message; None without one."""
    if frame.kind is FrameKind.CLOSE:
        return None
    return json_object(frame.json or frame.data.decode(errors="replace"))


def messages_of(exchange: Exchange) -> Iterator[tuple[str, dict[str, Any]]]:
    """(sender, message) of all frames that hold a JSON object, in order."""
    for frame in exchange.interaction.frames:
        message = message_of(frame)
        if message is not None:
            yield frame.sender, message


class Conversation(Assembly):
    """Many answers in one exchange, as they come.

    A protocol says what a message of the client (`sent`) and of the server (`event`, by its kind) means, and adds a
    turn for each answer that has ended. `waiting`: one was asked for, or has begun, and has not ended.
    """

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.streamed = True
        self.turns: list[Transcript] = []
        self.waiting = False
        self.protocol = ""

    def read(self, protocol: str) -> Transcript:
        """Take in all frames; gives the transcript."""
        self.protocol = protocol
        return super().read(protocol)

    def take_in(self) -> None:
        """Take in all frames."""
        for frame in self.exchange.interaction.frames:
            self._take(frame)
        self.end()

    def _take(self, frame: Frame) -> None:
        if frame.kind is FrameKind.CLOSE:
            if frame.sender != CLIENT:
                self._closed(frame.data.decode(errors="replace"))
            return
        message = message_of(frame)
        if frame.sender == CLIENT:
            if message is not None:
                self.sent(message)
            return
        kind = frame.kind.value if message is None else self.kind_of(message)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if message is not None:
            self.event(kind, message)
        elif frame.kind is FrameKind.TEXT:
            self.note(f"a message is no JSON object: {frame.data[:80]!r}")
        else:
            self.note(f"a binary message of {len(frame.data):,} bytes could not be read")

    def kind_of(self, message: dict[str, Any]) -> str:
        """What a message is called: its type, else its first name."""
        kind = message.get("type")
        return kind if isinstance(kind, str) and kind else next(iter(message), "data")

    @abstractmethod
    def sent(self, message: dict[str, Any]) -> None:
        """Take in what the client said."""

    def end(self) -> None:
        """Take in that no more comes: what has begun and not ended is a turn all the same."""

    def add(self, turn: Transcript) -> None:
        """An answer that has ended. An error before it was not the end of the conversation."""
        if self.error is not None and turn.kind == self.answers_with and turn.complete:
            self.note("error: " + " ".join(filter(None, (self.error.type, self.error.message)))[:_LONGEST])
            self.error = None
        self.turns.append(turn)

    def note(self, words: str) -> None:
        """Say what could not be read; the first few times."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(words)

    def _closed(self, words: str) -> None:
        """The server's close: an error where it is one and something was to come, or nothing had come."""
        code, _, reason = words.partition(" ")
        if code in PEACEFUL:
            return
        if self.error is None and (self.waiting or not self.turns):
            self.error = ExchangeError(status=None, type=code, message=reason or None)
        else:
            self.note(f"the server closed the connection: {words}")

    def turn(self, choice: Choice, **more: Any) -> Transcript:
        """One answer of this conversation."""
        fields = {"request_model": self.request_model(), **more}
        provider = self.exchange.provider
        return Transcript(protocol=self.protocol, provider=provider, stream=True, choices=(choice,), **fields)

    def transcript(self, protocol: str) -> Transcript:
        """The finished transcript."""
        if self.turns and all(turn.kind == "transcription" for turn in self.turns):
            # A session that only writes down what it hears.
            self.answers_with = "transcription"
        said = self._said()
        self.error = self.error or (said[-1].error if said else None)
        self.service_tier = next((turn.service_tier for turn in said if turn.service_tier), None)
        self.created = next((turn.created for turn in said if turn.created is not None), None)
        return replace(super().transcript(protocol), turns=tuple(self.turns))

    def _said(self) -> list[Transcript]:
        return [turn for turn in self.turns if turn.kind == self.answers_with]

    def choices(self) -> tuple[Choice, ...]:
        """All answers as one, which ends as the last did."""
        said = self._said()
        if not said:
            return ()
        last = said[-1].choices[0] if said[-1].choices else Choice(index=0)
        return (replace(last, index=0, parts=tuple(part for turn in said for part in turn.parts)),)

    def complete(self) -> bool:
        """Whether the last answer that began has ended."""
        return self.error is None and not self.waiting and all(turn.complete for turn in self._said()[-1:])

    def usage(self) -> Usage | None:
        """What the answers took together."""
        usages = [turn.usage for turn in self.turns if turn.usage is not None]
        return sum(usages, Usage()) if usages else None

    def request_model(self) -> str | None:
        """The model asked for: in the URL's query, unless the protocol names it elsewhere."""
        return self.exchange.in_query("model") or self.exchange.in_query("deployment")

"""One exchange, whatever client it is of: whose request this is, whether it may go, and what answers it.

A binding to a client library is a patch and two conversions: its request to what `exchange_for` and `Exchange.answer`
take, and a head and a body to its response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteStop, RequestRefused
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.outside import Block
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import LiveRequest, RawHeaders, is_among, refuse_placeholder
from pytest_llmcassette.recorder.slot import RecordingSlot
from pytest_llmcassette.redaction import KnownSecrets, default_redactor
from pytest_llmcassette.replay.deliver import Delivery, deliver
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.client_errors import ClientErrors
from pytest_llmcassette.transports.live import LiveAnswer
from pytest_llmcassette.transports.loops import pause
from pytest_llmcassette.transports.unexpected import fault_of

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.conversation import Conversation

_SWITCHING = 101
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def exchange_for(what: in_force.InForce, method: str, url: str, errors: ClientErrors) -> Exchange | None:
    """The exchange of a request while `what` is in force; None lets the request through, unrecorded.

    Raises a `CassetteStop` for a request that must not be sent.
    """
    try:
        if isinstance(what, in_force.Suspension):
            raise RequestRefused(f"{method} {shown(url, what)} was not sent. {what.reason}")
        if isinstance(what, Block):
            if what.lets(host_of(url), port_of(url)):
                return None
            raise what.refusal(f"{method} {shown(url)} was not sent", host_of(url))
        if what.config.ignore_hosts and is_ignored(what, url):
            return None
        return Exchange(what, method, url, errors)
    except Exception as error:
        raise fault_of(error, what, f"{method} {url}") from error


def is_ignored(recorder: Recorder, url: str) -> bool:
    """Whether the cassette's `ignore_hosts` lets this URL through."""
    return is_among(recorder.config.ignore_hosts, host_of(url), port_of(url))


def host_of(url: str) -> str:
    """The host of a URL, as `ignore_hosts` names it."""
    return urlsplit(url).hostname or ""


def port_of(url: str) -> int | None:
    """The port of a URL, its scheme's own where it names none."""
    return urlsplit(url).port or _DEFAULT_PORTS.get(url.partition(":")[0])


def shown(url: str, what: in_force.InForce | None = None) -> str:
    """For an error's text: without the query, where some APIs take the key, and without anything else that is secret.

    By the rules of the cassette in force, where there is one.
    """
    return what.shown(url) if isinstance(what, Recorder) else default_redactor().shown(url, KnownSecrets())


class Exchange:
    """A request that a cassette decides on."""

    __slots__ = ("_errors", "_method", "_url", "recorder")

    def __init__(self, recorder: Recorder, method: str, url: str, errors: ClientErrors) -> None:
        self.recorder = recorder
        self._method = method
        self._url = url
        self._errors = errors

    def answer(self, headers: RawHeaders, body: bytes) -> Carrier | LiveAnswer:
        """What answers the request: a recording to carry out, or the network, which the result is to be told of.

        Raises a `CassetteStop` when neither may.
        """
        recorder = self.recorder
        try:
            # Who looks for another conversation is to find this one under way, once it is taken.
            with recorder.lock:
                decided = recorder.request(LiveRequest(self._method, self._url, headers, body))
                talks = isinstance(decided, Interaction) and (decided.frames or decided.response.code == _SWITCHING)
                conversation = self._converse(decided) if talks else None
            if isinstance(decided, RecordingSlot):
                return LiveAnswer(decided, self._errors, self.fault)
            delivery = self._changed(decided) if recorder.changes else deliver(decided, recorder.config)
            if delivery.handed_out is not None:
                recorder.cut_deliveries.append(delivery)
            carrier = Carrier(delivery, recorder, self._errors, self.fault)
            if conversation is not None and delivery.altered is None:
                carrier.conversation = conversation
            return carrier
        except Exception as error:
            raise self.fault(error) from error

    def _converse(self, decided: Any) -> Conversation:
        # Imported here: most cassettes hold none.
        from pytest_llmcassette.recorder.conversation import converse

        return converse(self.recorder, decided)

    def _changed(self, decided: Interaction) -> Delivery:
        recorder = self.recorder
        try:
            delivery = deliver(decided, recorder.config, recorder.changes)
        except CassetteStop as stop:
            raise recorder.note(stop) from None
        if delivery.altered is not None:
            recorder.was_altered(decided, delivery.altered, comes_again=delivery.comes_again)
        return delivery

    async def answer_async(self, headers: RawHeaders, body: bytes) -> Carrier | LiveAnswer:
        """`answer` in an event loop, which never waits for a lock there: another thread may hold it for long."""
        lock = self.recorder.lock
        while not lock.acquire(blocking=False):
            await pause(0)
        try:
            return self.answer(headers, body)
        finally:
            lock.release()

    def check_message(self, message: bytes) -> None:
        """Raise `RequestRefused` for what a client must not say: a stand-in for a key, or anything after its test."""
        recorder = self.recorder
        if recorder.closed:
            raise recorder.is_late(f"used the connection of {self._method} {recorder.shown(self._url)}")
        try:
            refuse_placeholder(LiveRequest(self._method, self._url, [], message), recorder.owner, recorder.shown)
        except CassetteStop as stop:
            raise recorder.note(stop) from None

    def fault(self, error: Exception) -> CassetteStop:
        """What to raise for an exception of our own code in this exchange, a binding's conversions included."""
        return fault_of(error, self.recorder, f"{self._method} {self._url}")

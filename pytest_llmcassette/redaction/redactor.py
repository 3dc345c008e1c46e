"""What a cassette may hold of a request and of its response."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from pytest_llmcassette.cassette.encoding import decode_base64, decode_sniffed, may_be_encoded
from pytest_llmcassette.cassette.form import form_values
from pytest_llmcassette.cassette.headers import canonical, content_type_of
from pytest_llmcassette.cassette.model import SERVER, Frame, FrameKind, Headers, Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.redaction.bodies import BodyRedactor
from pytest_llmcassette.redaction.conversation import FrameRedactor
from pytest_llmcassette.redaction.frames import FRAMES, events_in, in_frames
from pytest_llmcassette.redaction.json_text import in_parameters
from pytest_llmcassette.redaction.key_shapes import without_keys
from pytest_llmcassette.redaction.known_secrets import KnownSecrets, replace_in_request
from pytest_llmcassette.redaction.names import (
    CREDENTIAL_QUERY,
    REDACTED,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    SECRET_QUERY,
    SecretNames,
    is_secret_header,
)
from pytest_llmcassette.redaction.own_rules import OwnRules, Redact
from pytest_llmcassette.redaction.pairs import redact_url
from pytest_llmcassette.redaction.split_events import without_split
from pytest_llmcassette.redaction.stream import Stream
from pytest_llmcassette.redaction.texts import address, by_shape, keyless, without_copies_of

_URL_PLACES = frozenset({"url", "header:Location", "header:Content-Location", "header:X-Goog-Upload-Url"})
"""Texts that are a URL as a whole, perhaps a relative one."""


class Redactor:
    """Redacts by one cassette's switches. Applied to what is redacted already, every method changes nothing.

    Headers are kept by allow-list; of those that carry credentials only the name is kept, even when
    `keep_request_headers` names them. A request is redacted before it is compared too, so that a secret never
    decides a match. What it finds in a live request is added to the `known` secrets, whose copies it replaces too.
    """

    def __init__(self, config: CassetteConfig, redact: Redact | None = None) -> None:
        compared = (name.removeprefix("header:") for name in config.match_on if name.startswith("header:"))
        self._request_headers = _allow(REQUEST_HEADERS, config.keep_request_headers, compared)
        self.keeps_length = "content-length" in self._request_headers
        """Whether requests keep the length of their body."""
        self._response_headers = _allow(RESPONSE_HEADERS, config.keep_response_headers)
        self._query = SecretNames(SECRET_QUERY, config.secret_query, credentials=CREDENTIAL_QUERY)
        self._by_name = BodyRedactor(config.secret_fields)
        self._anywhere = BodyRedactor(config.secret_fields, urls=self._query)
        self._own = OwnRules(config.secret_patterns, redact)
        self.has_own_rules = self._own.exist
        """Whether a user's patterns or hook decide, too."""
        self.frames = FrameRedactor(self.body, self._without_split)

    def request(
        self, method: str, url: str, headers: Headers, body: bytes, known: KnownSecrets | None = None
    ) -> Request:
        """A live request as the cassette's `Request`: ready to be written and to be compared."""
        known = known or KnownSecrets()
        self.learn(known, headers, url)
        kept = self.without_echoes(self.request_headers(headers), known)
        return self.request_with(kept, method, url, body, known)

    def request_with(
        self, kept: Headers, method: str, url: str, body: bytes, known: KnownSecrets, *, thorough: bool = True
    ) -> Request:
        """`request` for headers that are redacted already; `kept` becomes the request's own.

        What is not `thorough` looks for secrets by name and for plain copies alone: a recording with the same bytes is
        then the answer, and most requests of a replay have one.
        """
        thorough = thorough or self._own.exist
        found: set[str] = set()
        body = (self.body if thorough else self._by_name)(body, content_type_of(kept), found)
        if found:
            # A key in the body may come back in the answer, as one in a header may.
            known.learn_fields(found)
        body = replace_in_request(body, known.values, thorough=thorough)
        if thorough:
            url = without_copies_of(self._text(url, "url", known), known.values)
        url, host = address(url, self._query, known.values)
        return Request(
            method=method,
            url=url,
            headers=kept,
            body=body,
            content_length=len(body),
            host=host,
            form=form_values(method, url, kept, body),
        )

    def body(self, body: bytes, content_type: str, found: set[str] | None = None) -> bytes:
        """A body without what is secret by its name, its shape or a user's rule; the same object where nothing is.

        What was replaced is added to `found`.
        """
        found = set() if found is None else found
        body = without_keys(self._anywhere(body, content_type, found), found)
        return self._own.body(body, content_type, found) if self._own.exist else body

    def words(self, text: str, known: KnownSecrets) -> str:
        """Words that a test leaves (a failure, what it has printed) without what is secret by its shape or `known`."""
        found: set[str] = set()
        text = self._own.by_pattern(keyless(text, found), found)
        return known.text_without(text)

    def shown(self, url: str, known: KnownSecrets) -> str:
        """A URL for an error's text: no more of it than a miss shows, and without the query."""
        known = KnownSecrets(known.values)
        known.learn_environment()
        self.learn(known, {}, url)
        return without_copies_of(self._text(url, "url", known), known.values).partition("?")[0]

    def _text(self, text: str, place: str, known: KnownSecrets) -> str:
        """A URL or a header's value by shapes and own rules. What is replaced is learned."""
        text, shown = by_shape(text, place in _URL_PLACES, self._query)
        found = set(shown)
        if self._own.exist:
            text = self._own.text(text, place, found)
        if found:
            known.learn(found)
        return text

    def recorded_request(self, request: Request, *, thorough: bool = True) -> Request:
        """A request from a file, redacted: what is not about secrets (protocol, host, ...) stays as it was.

        `thorough` as for `request_with`.
        """
        thorough = thorough or self._own.exist
        known = KnownSecrets()
        kept, body, content_type = self.request_headers(request.headers), request.body, content_type_of(request.headers)
        if may_be_encoded(body):
            encoding = ", ".join(request.headers.get("Content-Encoding", ()))
            body, is_decoded = decode_sniffed(body, encoding, content_type)
            if is_decoded:
                kept.pop("Content-Encoding", None)
        if thorough:
            kept = self.without_echoes(kept, known)
        url = self._text(request.url, "url", known) if thorough else self.url(request.url)
        body = (self.body if thorough else self._by_name)(body, content_type)
        unchanged = url == request.url and body == request.body
        return replace(
            request,
            url=url,
            headers=kept,
            body=body,
            content_length=request.content_length if body == request.body else len(body),
            request_uri=self._text(request.request_uri, "url", known) if thorough else self.url(request.request_uri),
            form=request.form if unchanged and request.form else form_values(request.method, url, kept, body),
        )

    def response(self, response: Response, known: KnownSecrets | None = None) -> Response:
        """`response` with allow-listed headers and no secrets, nor copies of those that are `known`.

        The credentials in it become known: the next request may carry one under any name.

        Content-Encoding stays with a body that is stored as it came, encoded.
        """
        known = known or KnownSecrets()
        headers = self.response_headers(response.headers, known)
        if not response.uncompressed and "Content-Encoding" in response.headers:
            headers.setdefault("Content-Encoding", list(response.headers["Content-Encoding"]))
        body = self._answer(response.body, content_type_of(headers), known)
        changed = body != response.body
        return replace(
            response,
            headers=headers,
            trailer=self.response_headers(response.trailer, known) if response.trailer else response.trailer,
            body=body,
            content_length=len(body) if changed and response.content_length >= 0 else response.content_length,
            status=self.words(response.status, known),
        )

    def _answer(self, body: bytes, content_type: str, known: KnownSecrets) -> bytes:
        if content_type.startswith(FRAMES):
            if not self._may_hold(b"\n".join(events_in(body)), known):
                return body
            return in_frames(body, lambda event: self._answer(event, "application/json", known))
        stream = Stream(body)
        if not (stream.begin and stream.is_plain) or self._may_hold(stream.brief, known):
            found: set[str] = set()
            redacted = self.body(body, content_type, found)
            known.learn_answer(found)
            redacted = known.without(redacted)
            if redacted != body:
                body, stream = redacted, Stream(redacted)
        return self._without_split(body, known, stream)

    def _may_hold(self, brief: bytes, known: KnownSecrets) -> bool:
        if self._own.exist or self._anywhere.may_hold(brief) or without_keys(brief, set()) != brief:
            return True
        return known.without(brief) != brief or any('"' in value for value in known.values)

    def _without_split(self, body: bytes, known: KnownSecrets, stream: Stream | None = None) -> bytes:
        return without_split(body, stream or Stream(body), lambda *texts: self._secrets_in(texts, known))

    def _secrets_in(self, texts: Iterable[str], known: KnownSecrets) -> set[str]:
        # A key of known shape holds no line's end, or is found with it too: one search does for all.
        whole = "\n".join(texts)
        found = {value for value in known.values if value in whole}
        keyless(whole, found)
        if self._own.exist:
            for text in texts:
                self._own.by_pattern(keyless(text, set()), found)
        return found

    def without(self, interaction: Interaction, known: KnownSecrets) -> Interaction:
        """A recorded interaction without copies of what was not known yet when it ended."""
        old = interaction.request
        request = self.request(old.method, old.url, old.headers, old.body, known)
        return replace(
            interaction,
            request=old if request.url == old.url and request.body == old.body else request,
            response=self.response(interaction.response, known),
            end_message=self.words(interaction.end_message, known),
            frames=self.frames(interaction.frames, known),
        )

    def without_echoes(self, headers: Headers, known: KnownSecrets) -> Headers:
        """Request headers without values that are credentials, or hold a copy of one."""
        return {
            name: [REDACTED] if is_secret_header(name) else [self._header(name, value, known) for value in values]
            for name, values in headers.items()
        }

    def _header(self, name: str, value: str, known: KnownSecrets) -> str:
        return without_copies_of(self._text(value, f"header:{name}", known), known.values)

    def keeps_response_header(self, name: str) -> bool:
        """Whether the response header of this name, in lower case, is allow-listed."""
        return name in self._response_headers

    def request_headers(self, headers: Headers) -> Headers:
        """The allow-listed ones, in Go's canonical case."""
        allowed = self._request_headers
        return {
            canonical(name): [REDACTED] if is_secret_header(name) else list(values)
            for name, values in headers.items()
            if name.lower() in allowed
        }

    def response_headers(self, headers: Headers, known: KnownSecrets | None = None) -> Headers:
        """The allow-listed ones, in Go's canonical case, the URLs in them redacted like a request's."""
        known = known or KnownSecrets()
        kept: Headers = {}
        for name, values in headers.items():
            if name.lower() in self._response_headers:
                shown = canonical(name)
                if is_secret_header(name):
                    kept[shown] = [REDACTED]
                else:
                    kept[shown] = [self._response_value(shown, value, known) for value in values]
        return kept

    def _response_value(self, name: str, value: str, known: KnownSecrets) -> str:
        if name.endswith("-Bin"):
            return self._binary_value(value, known)
        return known.text_without(self._text(value, f"header:{name}", known))

    def _binary_value(self, value: str, known: KnownSecrets) -> str:
        """gRPC's binary metadata: a message, mostly."""
        try:
            data = decode_base64(value)
        except ValueError:
            return known.text_without(value)
        said = self.frames.one(Frame(sender=SERVER, kind=FrameKind.BINARY, data=data), known)
        return value if said.data == data else b64encode(said.data).decode()

    def url(self, url: str) -> str:
        """`url` without user information and values of secret parameters."""
        return redact_url(url, self._query, None, in_parameters(set()))

    def learn(self, known: KnownSecrets, headers: Headers, url: str) -> None:
        """Add a live request's own credentials to `known`."""
        known.learn_url(url, self._query)
        known.learn_headers(headers)


@lru_cache(maxsize=1)
def default_redactor() -> Redactor:
    """By nobody's switches: for what belongs to no cassette."""
    return Redactor(CassetteConfig())


def _allow(*lists: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for names in lists for name in names)

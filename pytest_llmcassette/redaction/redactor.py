"""What a cassette may hold of a request and of its response."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import replace
from functools import lru_cache

from pytest_llmcassette.cassette.form import form_values
from pytest_llmcassette.cassette.headers import canonical
from pytest_llmcassette.cassette.model import Headers, Interaction, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.provider import PLACEHOLDER_PREFIX
from pytest_llmcassette.redaction.bodies import BodyRedactor
from pytest_llmcassette.redaction.echoes import replace_echoes, replace_in_request, secrets_among, secrets_of
from pytest_llmcassette.redaction.names import (
    REDACTED,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    SECRET_QUERY,
    is_secret_header,
)
from pytest_llmcassette.redaction.pairs import redact_url, redact_urls_in

_HOST = re.compile(r"^[^/?#]*//(?:[^/?#]*@)?([^/?#]*)")
_URL_HEADERS = frozenset({"Location", "Content-Location", "X-Goog-Upload-Url"})
_NO_VALUE = ("",)


class Redactor:
    """Redacts by one cassette's switches. Applied to what is redacted already, every method changes nothing.

    Headers are kept by allow-list; of those that carry credentials only the name is kept, even when
    `keep_request_headers` names them. A request is redacted before it is compared too, so that a secret never
    decides a match.
    """

    def __init__(self, config: CassetteConfig) -> None:
        compared = (name.removeprefix("header:") for name in config.match_on if name.startswith("header:"))
        self._request_headers = _allow(REQUEST_HEADERS, config.keep_request_headers, compared)
        self._response_headers = _allow(RESPONSE_HEADERS, config.keep_response_headers)
        self._query = SECRET_QUERY | {name.lower() for name in config.secret_query}
        self._body = BodyRedactor(config.secret_fields)

    def request(self, method: str, url: str, headers: Headers, body: bytes, secrets: Set[str] = frozenset()) -> Request:
        """A live request as the cassette's `Request`: ready to be written and to be compared.

        Copies of `secrets` (see `secrets_of`) are replaced wherever else they are.
        """
        kept = self.without_echoes(self.request_headers(headers), secrets)
        return self.request_with(kept, method, url, body, secrets)

    def request_with(self, kept: Headers, method: str, url: str, body: bytes, secrets: Set[str]) -> Request:
        """`request` for headers that are redacted already; `kept` becomes the request's own."""
        url, host = _without_secrets(url, self._query, frozenset(secrets))
        body = replace_in_request(self._body(body, _content_type(kept)), secrets)
        return Request(
            method=method,
            url=url,
            headers=kept,
            body=body,
            content_length=len(body),
            host=host,
            form=form_values(method, url, kept, body),
        )

    def recorded_request(self, request: Request) -> Request:
        """A request from a file, redacted: what is not about secrets (protocol, host, ...) stays as it was."""
        kept = self.request_headers(request.headers)
        url = self.url(request.url)
        body = self._body(request.body, _content_type(kept))
        unchanged = url == request.url and body == request.body
        return replace(
            request,
            url=url,
            headers=kept,
            body=body,
            content_length=request.content_length if body == request.body else len(body),
            request_uri=self.url(request.request_uri),
            form=request.form if unchanged and request.form else form_values(request.method, url, kept, body),
        )

    def response(self, response: Response, secrets: Set[str] = frozenset()) -> Response:
        """`response` with allow-listed headers and no secrets, nor echoes of `secrets` (see `secrets_of`).

        Content-Encoding stays with a body that is stored as it came, encoded.
        """
        headers = self.response_headers(response.headers, secrets)
        if not response.uncompressed and "Content-Encoding" in response.headers:
            headers.setdefault("Content-Encoding", list(response.headers["Content-Encoding"]))
        body = replace_echoes(self._body(response.body, _content_type(headers)), secrets)
        changed = body != response.body
        return replace(
            response,
            headers=headers,
            trailer=self.response_headers(response.trailer, secrets) if response.trailer else response.trailer,
            body=body,
            content_length=len(body) if changed and response.content_length >= 0 else response.content_length,
            status=self.text(response.status, secrets),
        )

    def without(self, interaction: Interaction, secrets: Set[str]) -> Interaction:
        """A recorded interaction without echoes of `secrets` that were not known when its request was sent."""
        old = interaction.request
        request = self.request(old.method, old.url, old.headers, old.body, secrets)
        return replace(
            interaction,
            request=old if request.url == old.url and request.body == old.body else request,
            response=self.response(interaction.response, secrets),
            end_message=self.text(interaction.end_message, secrets),
        )

    @staticmethod
    def text(text: str, secrets: Set[str]) -> str:
        """A text of the network's or the server's (an error's message, a reason phrase) without echoes."""
        if not secrets or not text:
            return text
        return replace_echoes(text.encode("utf-8", "surrogateescape"), secrets).decode("utf-8", "surrogateescape")

    def without_echoes(self, headers: Headers, secrets: Set[str]) -> Headers:
        """Request headers without values that are credentials, or hold a copy of one."""
        return {
            name: [REDACTED] if is_secret_header(name) else [_text_without(value, secrets) for value in values]
            for name, values in headers.items()
        }

    def keeps_header(self, name: str) -> bool:
        """Whether the request header of this name, in lower case, is allow-listed."""
        return name in self._request_headers

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

    def response_headers(self, headers: Headers, secrets: Set[str] = frozenset()) -> Headers:
        """The allow-listed ones, in Go's canonical case, the URLs in them redacted like a request's."""
        kept: Headers = {}
        for name, values in headers.items():
            if name.lower() in self._response_headers:
                shown = canonical(name)
                if is_secret_header(name):
                    kept[shown] = [REDACTED]
                else:
                    kept[shown] = [self._response_value(shown, value, secrets) for value in values]
        return kept

    def _response_value(self, name: str, value: str, secrets: Set[str]) -> str:
        return self.text(self.url(value) if name in _URL_HEADERS else redact_urls_in(value, self._query), secrets)

    def url(self, url: str) -> str:
        """`url` without user information and values of secret parameters."""
        return redact_url(url, self._query)

    def body(self, body: bytes, content_type: str) -> bytes:
        """`body` without the values of secret fields; the same object when it has none."""
        return self._body(body, content_type)

    def secrets_of(self, headers: Headers, url: str) -> frozenset[str]:
        """A live request's own credentials, of 8 characters or more, for `response` to find their echoes."""
        return secrets_of(headers, url, self._query)

    def secrets_in(self, body: bytes, headers: Headers) -> frozenset[str]:
        """The same of a live request's body, which `headers` have the type of: the values of its secret fields."""
        found: set[str] = set()
        self._body(body, _content_type(headers), found)
        return secrets_among(found)


@lru_cache(maxsize=128)
def _without_secrets(url: str, query: Set[str], secrets: frozenset[str]) -> tuple[str, str]:
    """A live request's URL and its host. A test mostly asks one URL again and again."""
    url = _text_without(redact_url(url, query), secrets)
    host = _HOST.match(url)
    return url, host[1] if host else ""


def _text_without(text: str, secrets: Set[str]) -> str:
    if not secrets and PLACEHOLDER_PREFIX not in text:
        return text
    return replace_in_request(text.encode("utf-8", "surrogateescape"), secrets).decode("utf-8", "surrogateescape")


def _allow(*lists: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for names in lists for name in names)


def _content_type(headers: Headers) -> str:
    return (headers.get("Content-Type") or _NO_VALUE)[0]

"""Which recorded request answers a live one: equal keys, so that finding one costs the same among any number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable

from pytest_llmcassette.cassette.headers import canonical, content_type_of
from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.matching.bodies import body_key
from pytest_llmcassette.matching.json_paths import JsonPaths
from pytest_llmcassette.matching.urls import UrlParts, url_parts
from pytest_llmcassette.redaction.names import SECRET_QUERY, SecretNames, is_secret_header

__all__ = ["Matcher", "fingerprint"]

_MOST_REMEMBERED = 1024


class Matcher:
    """Compares redacted requests by the `match_on` and `ignore_json` of one cassette.

    Raises `ConfigError` for an `ignore_json` path that cannot be read and for a `match_on` that names a header which
    carries credentials (those are never written, so nothing could match).
    """

    def __init__(self, config: CassetteConfig) -> None:
        self.ignored = JsonPaths(config.ignore_json)
        self.secret_query = SecretNames(SECRET_QUERY, config.secret_query)
        self._urls: dict[str, UrlParts] = {}
        self._bodies: dict[tuple[bytes, str], Hashable] = {}
        self._aspects = tuple(self._aspect(name) for name in config.match_on)

    def key(self, request: Request) -> Hashable:
        """Equal for two requests exactly when one's recording answers the other."""
        return tuple(aspect(request) for aspect in self._aspects)

    def url(self, url: str) -> UrlParts:
        """The URL as it is compared."""
        parts = self._urls.get(url)
        if parts is None:
            if len(self._urls) >= _MOST_REMEMBERED:
                self._urls.clear()
            parts = self._urls[url] = url_parts(url, self.secret_query)
        return parts

    def body(self, request: Request) -> Hashable:
        """The body as it is compared. Recorded and live are mostly the same bytes, which are parsed once."""
        known = (request.body, content_type_of(request.headers))
        if known in self._bodies:
            return self._bodies[known]
        if len(self._bodies) >= _MOST_REMEMBERED:
            self._bodies.clear()
        key = self._bodies[known] = body_key(*known, self.ignored)
        return key

    def _aspect(self, name: str) -> Callable[[Request], Hashable]:
        if name.startswith("header:"):
            return self._header_aspect(name.removeprefix("header:"))
        return {
            "method": lambda request: request.method.upper(),
            "url": lambda request: self.url(request.url),
            "body": self.body,
            "scheme": lambda request: self.url(request.url).scheme,
            "host": lambda request: self.url(request.url).host,
            "port": lambda request: self.url(request.url).port,
            "path": lambda request: self.url(request.url).path,
            "query": lambda request: self.url(request.url).query,
        }[name]

    def _header_aspect(self, name: str) -> Callable[[Request], Hashable]:
        if is_secret_header(name):
            raise ConfigError(
                f"match_on: the header {name!r} carries a credential, which is never written to a cassette, so that "
                "no recording could match. Leave it out of match_on."
            )
        kept = canonical(name)
        return lambda request: ", ".join(request.headers.get(kept, ()))


def fingerprint(request: Request) -> str:
    """A few characters that are equal for two redacted requests when the default `match_on` takes them for equal."""
    return hashlib.sha256(repr(Matcher(CassetteConfig()).key(request)).encode("utf-8", "surrogateescape")).hexdigest()

"""What may be written, by name, and what is secret, by name. A user's additions extend these tables."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import lru_cache

REDACTED = "REDACTED"
"""What stands in the file in place of a secret."""

REQUEST_HEADERS = ("Accept", "Content-Type", "User-Agent")
RESPONSE_HEADERS = (
    "Content-Type",
    "Location",
    "Retry-After",
    "Retry-After-Ms",
    "Sec-Websocket-Protocol",
    "X-Should-Retry",
    "Openai-Poll-After-Ms",
    "X-Goog-Upload-Url",
    "X-Goog-Upload-Status",
    "X-Amzn-Errortype",
    "Grpc-Status",
    "Grpc-Message",
    "Grpc-Status-Details-Bin",
    "X-Amzn-Bedrock-Input-Token-Count",
    "X-Amzn-Bedrock-Output-Token-Count",
)
"""What clients act on: they retry, poll, follow, upload and count by these."""

SECRET_FIELDS = (
    "access_key",
    "access_key_id",
    "access_token",
    "account_key",
    "api_key",
    "api_token",
    "assertion",
    "auth_token",
    "authorization",
    "authorization_token",
    "client_secret",
    "code_verifier",
    "connection_string",
    "device_code",
    "encryption_key",
    "ephemeral_key",
    "id_token",
    "master_key",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "private_token",
    "refresh_token",
    "secret_access_key",
    "secret_key",
    "session_token",
    "signing_key",
    "subscription_key",
)
"""Fields of JSON, forms, XML, multipart bodies and queries. Each stands for every name that ends in it, in any case,
its words joined by `_`, `-` or nothing: `OPENAI_API_KEY`, `apiKey`, `x-api-key`."""

CREDENTIAL_FIELDS = ("token", "secret", "api_keys", "cookie", "credential", "credentials", "jwt", "passwords")
"""A name that ends in one of these is secret where its value looks like a credential (`webhook_secret`). A `token`
alone may be a word of a model's: it has to look random as well."""

NO_CREDENTIALS = ("page_token", "next_token", "continuation_token", "sync_token", "bos_token", "eos_token", "pad_token")
"""But for these: places in a list, and a model's own vocabulary."""

TOKEN_REQUEST_FIELDS = frozenset({"actor_token", "code", "samlresponse", "subject_token", "token", "webidentitytoken"})
"""More names that are secret in a form, or in JSON, asking for a token (OAuth 2: RFC 6749, 7009, 7521, 8693; STS)."""

SECRET_QUERY = frozenset(
    {
        "auth",
        "auth_key",
        "authkey",
        "bearer",
        "key",
        "oauth_verifier",
        "pass",
        "pwd",
        "samlresponse",
        "sig",
        "signature",
        "token",
        "webidentitytoken",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-signature",
        "x-functions-key",
        "x-goog-credential",
        "x-goog-date",
        "x-goog-signature",
    }
)
"""More names of query parameters. The date of a signature is no secret, but changes with it."""

CREDENTIAL_QUERY = frozenset({"code", "ticket"})
"""And those that are secret where the value looks like a credential: a redirect's, or the key of an Azure function."""

_LOOKS_LIKE_CREDENTIAL = re.compile(r"[^\s<>{}]{16,}")
_LOOKS_RANDOM = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])\S{20,}")


def spelled(*fields: str) -> str:
    """A pattern for any of these names in lower case, their words joined by `_`, `-` or nothing."""
    return "|".join("[_-]?".join(map(re.escape, re.split("[_-]", field))) for field in fields)


_ANY_VALUE, _CREDENTIAL = 1, 3
"""Groups of `_NAME`."""
_NAME = re.compile(
    f"(?:({spelled(*SECRET_FIELDS)})|({spelled(*NO_CREDENTIALS)})|(?:(?s:.)|(?!token))({spelled(*CREDENTIAL_FIELDS)}))\\Z"
)


@lru_cache(maxsize=4096)
def _kind(lower: str) -> int | None:
    """Which values are secret under this name, by the longest end of it that is in a table."""
    found = _NAME.search(lower)
    return found.lastindex if found else None


def looks_like_credential(value: str | bytes) -> bool:
    """16 or more characters, no space, no brackets of a template."""
    return _LOOKS_LIKE_CREDENTIAL.fullmatch(_text(value)) is not None


def _looks_random(value: str | bytes) -> bool:
    """20 or more characters, letters and digits among them: no word of a model's vocabulary."""
    return _LOOKS_RANDOM.fullmatch(_text(value)) is not None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class SecretNames(Container[str]):
    """The names under which any value is secret, in any case: `SECRET_FIELDS`, and these `exact` ones.

    Under `credentials` it is secret where it looks like one.
    """

    def __init__(self, *exact: Iterable[str], credentials: frozenset[str] = frozenset()) -> None:
        self.exact = frozenset(name.lower() for names in exact for name in names)
        self._credentials = credentials

    def __contains__(self, name: object) -> bool:
        lower = str(name).lower()
        return lower in self.exact or _kind(lower) == _ANY_VALUE

    def may_hide(self, name: str) -> bool:
        """Whether some value is secret under this name."""
        lower = name.lower()
        return name in self or _kind(lower) == _CREDENTIAL or lower in self._credentials or lower == "token"

    def hide(self, name: str, value: str | bytes) -> bool:
        """Whether this value is secret under this name."""
        if name in self:
            return True
        if not self.may_hide(name) or not looks_like_credential(value):
            return False
        return name.lower() != "token" or _looks_random(value)


_SECRET_HEADERS = frozenset({"apikey", "authentication", "authorization", "cookie", "password", "token"})
_NO_SECRET_HEADERS = ("idempotency-key", "cache-key", "surrogate-key", "sec-websocket-key")
"""Names that end in one of these: they tell requests and pages apart."""
_SECRET_ENDINGS = (
    "-key",
    "-apikey",
    "-authorization",
    "-bearer",
    "-cookie",
    "-credential",
    "-credentials",
    "-jwt",
    "-password",
    "-secret",
    "-token",
    "-auth",
)


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    """Whether a header's value is a credential, whoever asks to keep it."""
    lower = name.lower()
    if lower in _SECRET_HEADERS:
        return True
    return lower.endswith(_SECRET_ENDINGS) and not lower.endswith(_NO_SECRET_HEADERS)


_SECRET_VARIABLES = (
    "APIKEY",
    "_CONNECTION_STRING",
    "_CREDENTIAL",
    "_DSN",
    "_KEY",
    "_KEY_ID",
    "_PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "_PAT",
    "_PWD",
    "_SECRET",
    "_TOKEN",
    "_TOKEN_BEDROCK",
)


def is_secret_variable(name: str) -> bool:
    """Whether an environment variable of this name holds a credential."""
    return name.upper().endswith(_SECRET_VARIABLES)

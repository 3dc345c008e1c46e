"""What may be written, by name, and what is secret, by name. A user's additions extend these tables."""

from __future__ import annotations

from functools import lru_cache

from pytest_llmcassette.redaction import request_words

REDACTED = "REDACTED"
"""What stands in the file in place of a secret."""

REQUEST_HEADERS = ("Accept", "Content-Type", "User-Agent")
RESPONSE_HEADERS = (
    "Content-Type",
    "Location",
    "Retry-After",
    "Retry-After-Ms",
    "X-Should-Retry",
    "Openai-Poll-After-Ms",
    "X-Goog-Upload-Url",
    "X-Goog-Upload-Status",
    "X-Amzn-Errortype",
    "X-Amzn-Bedrock-Input-Token-Count",
    "X-Amzn-Bedrock-Output-Token-Count",
)
"""What clients act on: they retry, poll, follow, upload and count by these."""

SECRET_FIELDS = frozenset(
    {
        "api_key",
        "apikey",
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "private_key",
        "assertion",
        "accesskeyid",
        "secretaccesskey",
        "sessiontoken",
        # The same in the other spelling: gateways and tools take them from a configuration.
        "accesstoken",
        "api_token",
        "auth_token",
        "authtoken",
        "clientsecret",
        "idtoken",
        "privatekey",
        "refreshtoken",
        "secret_access_key",
        "secret_key",
        "secretkey",
        "session_token",
    }
)
"""Names of JSON, form and XML fields, in lower case."""

HEADER_FIELDS = frozenset(
    {
        "api-key",
        "authorization",
        "authorization_token",
        "private-token",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
    }
)
"""Names of JSON fields with a credential for an MCP server: OpenAI's `tools[].authorization` and `tools[].headers`,
Anthropic's `mcp_servers[].authorization_token`. Secret among tools as well: a schema's members are no strings."""

TOOLS = request_words.TOOLS.encode()
"""The JSON member in which of all names only `HEADER_FIELDS` are secret."""

TOKEN_REQUEST_FIELDS = frozenset(
    {
        "actor_token",
        "client_assertion",
        "code",
        "code_verifier",
        "device_code",
        "password",
        "samlassertion",
        "subject_token",
        "token",
        "webidentitytoken",
    }
)
"""More names that are secret in a form which asks for a token (OAuth 2: RFC 6749, 7009, 7521, 8693; AWS STS)."""

SECRET_QUERY = SECRET_FIELDS | frozenset(
    {
        "api-key",
        "auth",
        "awsaccesskeyid",
        "client_assertion",
        "key",
        "password",
        "samlassertion",
        "sig",
        "signature",
        "subscription-key",
        "token",
        "webidentitytoken",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-api-key",
        "x-goog-api-key",
        "x-goog-credential",
        "x-goog-signature",
    }
)
"""Names of query parameters, in lower case."""

CONVERSATION = frozenset(name.encode() for name in request_words.CONVERSATION)
"""The same as `request_words.CONVERSATION`, as bytes of JSON."""

_SECRET_HEADERS = frozenset(
    {
        "api-key",
        "apikey",
        "authorization",
        "cookie",
        "helicone-auth",
        "proxy-authorization",
        "set-cookie",
        "token",
        "x-api-key",
        "x-functions-key",
        "x-goog-api-key",
        "x-key",
    }
)
_SECRET_ENDINGS = (
    "api-key",
    "-access-key",
    "-apikey",
    "-auth-key",
    "-authorization",
    "-cookie",
    "-secret",
    "-secret-key",
    "-subscription-key",
    "-token",
    "-auth",
)


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    """Whether a header's value is a credential, whoever asks to keep it."""
    lower = name.lower()
    return lower in _SECRET_HEADERS or lower.endswith(_SECRET_ENDINGS)

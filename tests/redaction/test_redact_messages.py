"""What a cassette keeps of whole requests and responses."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from characters import CHARACTERS
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.cassette.model import Headers, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.provider import placeholder_for
from pytest_llmcassette.redaction import KnownSecrets, Redactor

REDACTOR = Redactor(CassetteConfig())
KEY = "sk-" + "Ab12/+=" * 2
LIVE_HEADERS: Headers = {
    "Host": ["api.example.com"],
    "Authorization": [f"Bearer {KEY}"],
    "X-Api-Key": [KEY],
    "Cookie": ["session=abcdefghijkl"],
    "Accept": ["text/event-stream"],
    "Content-Type": ["application/json"],
    "User-Agent": ["OpenAI/Python 3.54", "second"],
    "X-Stainless-Os": ["Linux"],
}


def known_from(headers: Headers, url: str = "https://h") -> KnownSecrets:
    known = KnownSecrets()
    REDACTOR.learn(known, headers, url)
    return known


def test_a_request_keeps_what_identifies_it() -> None:
    body = b'{"model": "m", "api_key": "abc", "input": "hi"}'
    request = REDACTOR.request("POST", "https://u:pw@api.example.com:8443/v1?key=abc&alt=sse", LIVE_HEADERS, body)
    assert request.method == "POST"
    assert request.url == "https://REDACTED@api.example.com:8443/v1?key=REDACTED&alt=sse"
    assert request.host == "api.example.com:8443"
    assert request.form == {"key": ["REDACTED"], "alt": ["sse"]}
    assert request.headers == {
        "Accept": ["text/event-stream"],
        "Content-Type": ["application/json"],
        "User-Agent": ["OpenAI/Python 3.54", "second"],
    }
    assert request.body == b'{"model": "m", "api_key": "REDACTED", "input": "hi"}'
    assert request.content_length == len(request.body)


def test_redacting_a_recorded_request_changes_nothing() -> None:
    live = REDACTOR.request("POST", "https://h/v1?key=abc#f", LIVE_HEADERS, b'{"apiKey": "abc"}')
    assert REDACTOR.request(live.method, live.url, live.headers, live.body) == live
    assert REDACTOR.recorded_request(live) == live


def test_a_file_s_own_fields_stay_when_its_request_is_redacted() -> None:
    recorded = REDACTOR.request("POST", "https://h/v1", {}, b"plain")
    recorded.proto, recorded.content_length, recorded.transfer_encoding = "HTTP/2.0", -1, ["chunked"]
    assert REDACTOR.recorded_request(recorded) == recorded
    recorded.body = b'{"api_key": "abc"}'
    assert REDACTOR.recorded_request(recorded).content_length == len(b'{"api_key": "REDACTED"}')


def test_a_file_s_form_never_shows_what_is_redacted_beside_it() -> None:
    form_type = {"Content-Type": ["application/x-www-form-urlencoded"]}
    plain = REDACTOR.request("POST", "https://h/v1?a=1", form_type, b"b=2")
    plain.form = {"as": ["recorded"]}
    assert REDACTOR.recorded_request(plain).form == {"as": ["recorded"]}
    for url, body in (("https://h/v1?a=1", b"api_key=abc"), ("https://h/v1?key=abc", b"b=2")):
        recorded = replace(plain, url=url, request_uri=url, body=body, form={"api_key": ["abc"], "key": ["abc"]})
        assert "abc" not in str(REDACTOR.recorded_request(recorded))


def test_header_names_are_written_as_go_does_whatever_their_case() -> None:
    headers = {"content-type": ["a/b"], "ACCEPT": ["*/*"], "user-agent": ["x"], "authorization": ["Bearer x"]}
    assert REDACTOR.request("GET", "https://h", headers, b"").headers == {
        "Content-Type": ["a/b"], "Accept": ["*/*"], "User-Agent": ["x"],
    }  # fmt: skip


def test_kept_and_compared_headers_are_added() -> None:
    config = CassetteConfig(
        keep_request_headers=("anthropic-version",), match_on=("method", "header:openai-beta"),
        keep_response_headers=("x-request-id",),
    )  # fmt: skip
    headers = {"Anthropic-Version": ["1"], "OpenAI-Beta": ["b"], "Accept": ["*/*"], "X-Other": ["o"]}
    assert Redactor(config).request("GET", "https://h", headers, b"").headers == {
        "Anthropic-Version": ["1"], "Openai-Beta": ["b"], "Accept": ["*/*"],
    }  # fmt: skip
    response = Response(headers={"X-Request-Id": ["r"], "Content-Type": ["a/b"], "X-Other": ["o"]})
    assert Redactor(config).response(response).headers == {"X-Request-Id": ["r"], "Content-Type": ["a/b"]}


@pytest.mark.parametrize(
    "name",
    ["authorization", "Proxy-Authorization", "X-API-Key", "api-key", "x-goog-api-key", "cookie", "x-amz-security-token",
     "Ocp-Apim-Subscription-Key", "x-functions-key", "set-cookie", "cf-aig-authorization", "x-auth-token"],
)  # fmt: skip
def test_of_a_credential_only_the_name_can_be_kept(name: str) -> None:
    redactor = Redactor(CassetteConfig(keep_request_headers=(name,), keep_response_headers=(name,)))
    request = redactor.request("GET", "https://h", {name: ["abc", "def"]}, b"")
    response = redactor.response(Response(headers={name: ["abc"]}))
    assert [*request.headers.values(), *response.headers.values()] == [["REDACTED"], ["REDACTED"]]
    assert next(iter(request.headers)).lower() == name.lower()


@pytest.mark.parametrize("name", ["idempotency-key", "x-ratelimit-limit-tokens", "anthropic-beta", "x-amz-date"])
def test_a_harmless_header_can_be_kept(name: str) -> None:
    redactor = Redactor(CassetteConfig(keep_request_headers=(name,)))
    assert list(redactor.request("GET", "https://h", {name: ["abc"]}, b"").headers.values()) == [["abc"]]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/p", "https://h/p"),
        ("https://h/p?a=1&b=%20x", "https://h/p?a=1&b=%20x"),
        ("https://h/p?key=s&alt=sse", "https://h/p?key=REDACTED&alt=sse"),
        ("https://h/p?alt=sse&KEY=s#top", "https://h/p?alt=sse&KEY=REDACTED#top"),
        ("https://h/p?api-key=s&api_key=s&access_token=s&sig=s",
         "https://h/p?api-key=REDACTED&api_key=REDACTED&access_token=REDACTED&sig=REDACTED"),
        ("https://h/p?X-Amz-Signature=s&X-Amz-Credential=s%2F1&X-Amz-Date=d",
         "https://h/p?X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Date=REDACTED"),
        ("https://h/p?X-Amz-Security-Token=s&X-Goog-Date=d", "https://h/p?X-Amz-Security-Token=REDACTED&X-Goog-Date=REDACTED"),
        ("https://h/p?access%5Ftoken=s", "https://h/p?access%5Ftoken=REDACTED"),
        ("https://h/p?key=&key", "https://h/p?key=&key"),
        ("https://user:pw@h/p", "https://REDACTED@h/p"),
        ("https://user@h/p?x=a@b", "https://REDACTED@h/p?x=a@b"),
        ("https://h/@scope/p@1", "https://h/@scope/p@1"),
        ("https://h/cb#access_token=s&state=1", "https://h/cb#access_token=REDACTED&state=1"),
        ("/relative?key=s", "/relative?key=REDACTED"),
        ("?", "?"),
        ("https://h/p?filter=%7B%22a%22%3A1%7D&b=c", "https://h/p?filter=%7B%22a%22%3A1%7D&b=c"),
        ("https://h/p?q=%7B%22key%22%3A%22color%22%2C%22api_key%22%3A%22s%22%7D",
         "https://h/p?q=%7B%22key%22%3A%22color%22%2C%22api_key%22%3A%22REDACTED%22%7D"),
        ("https://h/p?monkey=1&keys=2&page_token=3&keyword=4", "https://h/p?monkey=1&keys=2&page_token=3&keyword=4"),
    ],
)  # fmt: skip
def test_urls(url: str, expected: str) -> None:
    assert REDACTOR.url(url) == expected
    assert REDACTOR.url(expected) == expected


@pytest.mark.parametrize("secrets", [frozenset({KEY}), frozenset()])
def test_a_url_s_plain_copies_are_replaced_before_a_thorough_search(secrets: frozenset[str]) -> None:
    """So that a key, or a stand-in for it, in the path does not cost a replay its short way by equal bytes."""
    key = KEY if secrets else placeholder_for("OPENAI_API_KEY")
    url = f"https://h/bot{quote(key, safe='')}/send"
    request = REDACTOR.request_with({}, "GET", url, b"", KnownSecrets(secrets), thorough=False)
    assert request.url == "https://h/botREDACTED/send"


def test_own_query_names_are_added() -> None:
    assert Redactor(CassetteConfig(secret_query=("Tenant",))).url("https://h?tenant=s&key=s&x=1") == (
        "https://h?tenant=REDACTED&key=REDACTED&x=1"
    )


def test_response_headers_are_what_clients_act_on() -> None:
    kept = {
        "Content-Type": ["text/event-stream"], "Retry-After": ["2"], "Retry-After-Ms": ["1500"],
        "X-Should-Retry": ["true"], "Openai-Poll-After-Ms": ["500"], "X-Goog-Upload-Status": ["active"],
        "X-Amzn-Errortype": ["ThrottlingException"], "X-Amzn-Bedrock-Input-Token-Count": ["3"],
        "X-Amzn-Bedrock-Output-Token-Count": ["4"],
    }  # fmt: skip
    dropped = {"Set-Cookie": ["a=b"], "Openai-Organization": ["org"], "Content-Length": ["3"], "Date": ["d"]}
    response = Response(headers={**dropped, **kept}, body=b"abc", content_length=3, trailer={"X-Sum": ["1"]})
    redacted = REDACTOR.response(response)
    assert redacted.headers == kept
    assert redacted.trailer == {}
    assert (redacted.body, redacted.content_length) == (b"abc", 3)


def test_urls_in_response_headers_follow_the_rule_of_request_urls() -> None:
    response = Response(
        headers={
            "Location": ["/next?key=abc&page=2"],
            "X-Goog-Upload-Url": ["https://up.example.com/f?upload_id=7&key=abc"],
            "Link": ['<https://u:p@h/a?sig=abc&page=2>; rel="next", <https://h/b?token=abc>; rel="last"'],
        }
    )
    redacted = Redactor(CassetteConfig(keep_response_headers=("link",))).response(response)
    assert redacted.headers == {
        "Location": ["/next?key=REDACTED&page=2"],
        "X-Goog-Upload-Url": ["https://up.example.com/f?upload_id=7&key=REDACTED"],
        "Link": ['<https://REDACTED@h/a?sig=REDACTED&page=2>; rel="next", <https://h/b?token=REDACTED>; rel="last"'],
    }


def test_the_encoding_stays_with_an_encoded_body() -> None:
    headers = {"Content-Encoding": ["br"], "Content-Type": ["application/json"]}
    assert REDACTOR.response(Response(headers=headers, body=b"\x0b\x02")).headers == headers
    decoded = Response(headers=headers, body=b"{}", uncompressed=True)
    assert REDACTOR.response(decoded).headers == {"Content-Type": ["application/json"]}


def test_a_token_answer_is_redacted_and_its_length_follows() -> None:
    body = json.dumps({"access_token": "ya29.abc", "expires_in": 3599, "token_type": "Bearer"}).encode()
    redacted = REDACTOR.response(
        Response(headers={"Content-Type": ["application/json"]}, body=body, content_length=len(body))
    )
    assert json.loads(redacted.body) == {"access_token": "REDACTED", "expires_in": 3599, "token_type": "Bearer"}
    assert redacted.content_length == len(redacted.body)
    unknown = REDACTOR.response(Response(body=body, content_length=-1, uncompressed=True))
    assert unknown.content_length == -1


def test_a_wrong_length_in_a_recording_is_kept() -> None:
    assert REDACTOR.response(Response(body=b"abc", content_length=99)).content_length == 99


@pytest.mark.parametrize(
    ("headers", "url", "expected"),
    [
        ({"Authorization": [f"Bearer {KEY}"]}, "https://h", {KEY}),
        ({"Authorization": [KEY]}, "https://h", {KEY}),
        ({"x-api-key": [KEY], "api-key": ["other-key-1"]}, "https://h", {KEY, "other-key-1"}),
        ({}, "https://user:pa%24sword1@h/p?key=AIza%2Babc1&alt=sse", {"pa$sword1", "AIza+abc1"}),
        ({}, "https://user:pa%24sword1@h/p", {"pa$sword1"}),
        ({}, "https://h/p?next=https%3A%2F%2Fh%2Fcb%3Fkey%3DAIza-abc1&a=b", {"AIza-abc1"}),
        ({}, "https://h/p?key=AIza%2Babc1", {"AIza+abc1"}),
        ({"Authorization": ["AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=a, Signature=0f0f0f0f0f"]}, "https://h",
         {"0f0f0f0f0f"}),
        ({"X-Amz-Security-Token": ["FwoGZXIvYXdz"]}, "https://h", {"FwoGZXIvYXdz"}),
        ({}, "https://u:pa:ss:w0rd@h/p?token=&key=padded0==&a=b", {"pa:ss:w0rd", "padded0=="}),
        ({"Authorization": ["Bearer 8letters", "Bearer 7letter"], "Cookie": ["a=0123456789abcde; b=0123456789abcdef"]},
         "https://h", {"8letters", "0123456789abcdef"}),
        ({"Authorization": ["Api-Key key-0123456"]}, "https://h", {"key-0123456", "Api-Key key-0123456"}),
        ({"X-Api-Key": ["sixteensmallones", "fifteensmallone", "SIXTEENBIGLETTER", "FIFTEENBIGLETTR", "CamelWord"]},
         "https://h", {"sixteensmallones", "SIXTEENBIGLETTER", "CamelWord"}),
        ({"Authorization": ["Bearer short"], "Accept": ["application/json"]}, "https://h", set()),
        ({"Authorization": ["Bearer anything"]}, "https://h", set()),
        ({"Authorization": ["Bearer " + placeholder_for("OPENAI_API_KEY")]}, "https://h?key=REDACTED", set()),
    ],
)  # fmt: skip
def test_a_request_s_own_credentials(headers: Headers, url: str, expected: set[str]) -> None:
    known = known_from(headers, url)
    assert known.values == expected
    REDACTOR.learn(known, headers, url)
    assert not known.learn(expected)
    assert known.values == expected


def test_basic_credentials_are_known_in_both_forms() -> None:
    for password in ("correct-horse-7", "with:colons:in-it"):
        encoded = base64.b64encode(f"me:{password}".encode()).decode()
        assert known_from({"Authorization": [f"Basic {encoded}"]}).values == {encoded, password}


ECHOES = [
    lambda key: json.dumps({"error": {"message": f"Incorrect API key provided: {key}."}}),
    lambda key: json.dumps({"messages": [f"key {key}"]}).replace("/", "\\/"),
    lambda key: f"<p>{key}</p> and {key}",
    lambda key: f"url=https%3A%2F%2Fh%3Fk%3D{quote(key, safe='')}",
    lambda key: f'data: {{"error": "{key}"}}\n\n',
]


@pytest.mark.parametrize("echo", ECHOES)
def test_an_echoed_key_is_replaced_wherever_it_is(echo: object) -> None:
    assert callable(echo)
    known = known_from(LIVE_HEADERS)
    response = Response(headers={"Location": [f"/retry?who={quote(KEY, safe='')}"]}, body=echo(KEY).encode())
    redacted = REDACTOR.response(response, known)
    assert redacted.body == echo("REDACTED").encode()
    assert redacted.headers == {"Location": ["/retry?who=REDACTED"]}


@given(
    st.text(st.characters(max_codepoint=127, categories=("L", "N", "P", "S")), min_size=8, max_size=20),
    st.text(CHARACTERS),
)
def test_an_echo_of_any_key_is_replaced(key: str, around: str) -> None:
    known = known_from({"Authorization": [f"Bearer {key}"]})
    body = json.dumps({"a": around, "error": f"{around} {key}"}).encode()
    redacted = REDACTOR.response(Response(body=body), known).body
    if known.values:
        assert key not in redacted.replace(b"REDACTED", b"\0").decode()
        assert key not in str(json.loads(redacted.replace(b"REDACTED", b" ")))
    else:
        assert redacted == body

"""A credential that a request carries is found again in path, body, headers, errors and later traffic."""

from __future__ import annotations

import base64
import html
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.provider import placeholder_for
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import LiveRequest
from pytest_llmcassette.recorder.slot import RecordingSlot
from pytest_llmcassette.redaction import KnownSecrets, Redactor

KEY = "sk-" + "l1ve/+=0123456789"
URL = "https://provider.test/v1"
Lines = list[tuple[bytes, bytes]]


def recorder(path: Path, mode: str, **switches: object) -> Recorder:
    return Recorder(path, build_config(("test", {"record_mode": mode, **switches})), how_to_record="", owner="test")


def bearer(key: str) -> Lines:
    return [(b"Authorization", f"Bearer {key}".encode())]


def exchange(under: Recorder, headers: Lines, *, path: str = "/x", body: bytes = b"", answer: bytes = b"") -> None:
    slot = under.request(LiveRequest("POST", URL + path, headers, body))
    assert isinstance(slot, RecordingSlot)
    slot.headers(401, f"No {KEY}", [(b"x-kept", KEY.encode())], "HTTP/1.1", 1)
    slot.data(answer)
    slot.end("ReadError", f"lost {KEY!r}")


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        (f"/bot{KEY}/send", b"", b""),
        ("/bot" + KEY.replace("/", "%2F"), b"", b""),
        ("/x", json.dumps({"user": KEY, "messages": [{"content": f"my key is {KEY}"}]}).encode(), b""),
        ("/x", f"user={KEY}".encode(), b""),
        ("/x", f'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n{KEY}\r\n--b--\r\n'.encode(), b""),
        ("/x", b"", f'{{"error": "wrong key {KEY}"}}'.encode()),
    ],
)
def test_nowhere_in_the_file(tmp_path: Path, path: str, body: bytes, answer: bytes) -> None:
    under = recorder(
        tmp_path / "it.yaml",
        "once",
        keep_request_headers=["x-tenant"],
        keep_response_headers=["x-kept"],
        snapshot_headers=["authorization", "x-tenant"],
    )
    headers = [*bearer(KEY), (b"User-Agent", f"me {KEY}".encode()), (b"X-Tenant", KEY.encode())]
    exchange(under, headers, path=path, body=body, answer=answer)
    under.save()
    text = (tmp_path / "it.yaml").read_text()
    assert "l1ve" not in text
    assert "status: 401 No REDACTED" in text
    assert "l1ve" not in str([(sent.headers, sent.snapshot_headers) for sent in under.sent])


def test_what_an_earlier_answer_gave_out(tmp_path: Path) -> None:
    """A token under a name that no list knows, used as a credential afterwards."""
    under = recorder(tmp_path / "it.yaml", "once")
    exchange(under, [], answer=b'{"ticket": "tid=0123456789abcdef"}')
    exchange(under, bearer("tid=0123456789abcdef"))
    under.save()
    assert [one.response.body for one in load(tmp_path / "it.yaml")] == [b'{"ticket": "REDACTED"}', b""]


def test_a_replay_with_a_stand_in_matches_what_was_recorded_with_the_key(tmp_path: Path) -> None:
    under = recorder(tmp_path / "it.yaml", "once")
    exchange(under, bearer(KEY), path=f"/{KEY}", body=json.dumps({"user": KEY}).encode())
    under.save()
    for key in (placeholder_for("OPENAI_API_KEY"), "another-key-of-mine"):
        again = recorder(tmp_path / "it.yaml", "none")
        again.request(LiveRequest("POST", f"{URL}/{key}", bearer(key), json.dumps({"user": key}).encode()))
        assert again.unplayed() == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("not-needed", "not-needed"),
        # Of 12 characters and three kinds, or of 16, it is no word that somebody made up.
        ("aB3-eF6-hI9", "aB3-eF6-hI9"),
        ("aB3-eF6-hI9-", "REDACTED"),
        ("abcdefghi123456", "abcdefghi123456"),
        ("abcdefghi1234567", "REDACTED"),
    ],
)
def test_a_short_stand_in_does_not_touch_what_is_sent(tmp_path: Path, key: str, said: str) -> None:
    under = recorder(tmp_path / "it.yaml", "once")
    exchange(under, bearer(key), body=b'{"say": "%b"}' % key.encode())
    assert under.sent[0].body == b'{"say": "%b"}' % said.encode()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()),
        ("Authorization", f"AWS4-HMAC-SHA256 Credential={KEY.replace('/', '')}/20260101/x, Signature=0"),
        ("Cookie", f"theme=dark; session={KEY}"),
        ("Set-Cookie", f"session={KEY}; Path=/"),
    ],
)
def test_a_key_as_user_name_and_in_a_cookie(header: str, value: str) -> None:
    known = KnownSecrets()
    assert known.learn_headers({header: [value]})
    assert KEY in known.values or KEY.replace("/", "") in known.values
    assert "dark" not in known.values


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"Authorization", f"Api-Key {KEY}"),
        (b"Authorization", f'Token token="{KEY}"'),
        (b"X-RapidAPI-Key", KEY),
        (b"X-Secret-Key", KEY),
        (b"X-Access-Key", KEY),
    ],
)
def test_an_answer_names_the_key_that_came_in_a_provider_s_own_way(tmp_path: Path, header: bytes, value: str) -> None:
    under = recorder(tmp_path / "it.yaml", "once")
    exchange(under, [(header, value.encode())], answer=f"wrong key {KEY}".encode())
    under.save()
    assert load(tmp_path / "it.yaml")[0].response.body == b"wrong key REDACTED"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"api_key": KEY, "query": "x"}),
        json.dumps({"mcp_servers": [{"headers": {"Authorization": f"Bearer {KEY}"}}]}).replace("/", "\\/"),
        f"client_secret={quote(KEY)}&grant_type=x",
        f'--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{KEY}\r\n--b--\r\n',
        f"<Request><SecretAccessKey>{KEY}</SecretAccessKey></Request>",
        f"<Request><SecretAccessKey><![CDATA[{KEY}]]></SecretAccessKey></Request>",
    ],
    ids=["json", "nested", "form", "multipart", "xml", "cdata"],
)
def test_a_key_in_the_body_is_known_again_in_the_answer_and_later(tmp_path: Path, body: str) -> None:
    under = recorder(tmp_path / "it.yaml", "once")
    exchange(under, [], answer=f"wrong key {KEY}".encode(), body=body.encode())
    exchange(under, [], path="/later", body=f"again {KEY}".encode())
    under.save()
    first, later = load(tmp_path / "it.yaml")
    assert (first.response.body, later.request.body) == (b"wrong key REDACTED", b"again REDACTED")
    assert "l1ve" not in (tmp_path / "it.yaml").read_text()


def test_a_key_of_the_environment_under_a_name_that_no_list_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever replays has a stand-in in its place, or a key of their own."""
    monkeypatch.setenv("TENANT_KEY", KEY)
    under = recorder(tmp_path / "it.yaml", "once", keep_request_headers=["x-tenant"], snapshot_headers=["x-mine"])
    lines = [(b"X-Tenant", KEY.encode()), (b"X-Mine", KEY.encode())]
    body = json.dumps({"tenant": KEY}).encode()
    exchange(under, lines, path=f"/{quote(KEY)}", body=body, answer=f"no {KEY}".encode())
    under.save()
    assert "l1ve" not in (tmp_path / "it.yaml").read_text()
    assert "l1ve" not in str([(sent.url, sent.headers, sent.snapshot_headers, sent.body) for sent in under.sent])
    for key in (KEY, placeholder_for("TENANT_KEY"), "tk-0123456789-another"):
        monkeypatch.setenv("TENANT_KEY", key)
        again = recorder(tmp_path / "it.yaml", "none")
        again.request(LiveRequest("POST", f"{URL}/{quote(key)}", [], json.dumps({"tenant": key}).encode()))
        assert again.unplayed() == []
        assert key not in str(again.sent[0].body)


@pytest.mark.parametrize("name", ["X-Mine-Auth", "GITHUB_PAT"])
@pytest.mark.parametrize("container", ["headers", "env"])
def test_a_header_or_a_variable_of_an_mcp_server(container: str, name: str) -> None:
    body = json.dumps({"mcp_servers": [{container: {name: "x", "X-Mine": "y"}}]}).encode()
    assert Redactor(CassetteConfig()).body(body, "application/json") == body.replace(b'"x"', b'"REDACTED"')


@pytest.mark.parametrize("name", ["authorization", "Authorization", "X-Api-Key"])
@pytest.mark.parametrize(
    "template", ['{"tools": [{"type": "mcp", NAME}]}', '{"tools": [{"headers": {NAME}}]}', "{NAME}"]
)
def test_the_key_of_an_mcp_server(template: str, name: str) -> None:
    body = template.replace("NAME", f'"{name}": "Bearer x"').encode()
    assert Redactor(CassetteConfig()).body(body, "application/json") == body.replace(b"Bearer x", b"REDACTED")


def test_anthropic_s_mcp_servers() -> None:
    body = b'{"mcp_servers": [{"type": "url", "authorization_token": "t0ken"}]}'
    assert Redactor(CassetteConfig()).body(body, "application/json") == body.replace(b"t0ken", b"REDACTED")


def test_a_tool_s_own_parameter_of_that_name_stays() -> None:
    body = b'{"tools": [{"parameters": {"properties": {"authorization": {"type": "string"}, "api_key": "any"}}}]}'
    assert Redactor(CassetteConfig()).body(body, "application/json") is body


def test_of_two_spellings_or_keys_the_longer_is_replaced_first() -> None:
    known = KnownSecrets()
    assert known.learn({'"quoted/key', "0123456789", "a-0123456789-b"})
    text = json.dumps({"e": 'no "quoted/key, no a-0123456789-b, no 0123456789'})
    for escaped in (text, text.replace("/", "\\/")):
        assert known.text_without(escaped) == '{"e": "no REDACTED, no REDACTED, no REDACTED"}'
    assert not known.learn({"0123456789", "short"})


@pytest.mark.parametrize("key", [KEY, f"{KEY}0", f"{KEY}01"])
@pytest.mark.parametrize("behind", ["", ":x", ":more"])
def test_a_key_within_base64_goes_with_its_piece(key: str, behind: str) -> None:
    known = KnownSecrets({key})
    for before in ("", "u", "us", "use"):
        piece = base64.b64encode(f"{before}{key}{behind}".encode()).decode()
        assert known.text_without(f"({piece})") == "(REDACTED)"


def test_a_key_in_a_page_with_quotes_escaped_and_plain() -> None:
    key = "k3y\"&'0123456789"
    known = KnownSecrets({key})
    for escaped in (html.escape(key), html.escape(key, quote=False), html.escape(key).replace("&#x27;", "&#39;")):
        assert known.text_without(f"<p>{escaped}</p>") == "<p>REDACTED</p>"


def test_threads_learn_at_one_time() -> None:
    known = KnownSecrets()

    def learn(worker: int) -> None:
        for number in range(200):
            known.learn({f"{worker}-secret-{number}"})

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(learn, range(20)))
    assert len(known.values) == 4000

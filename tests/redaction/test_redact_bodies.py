"""No secret survives in a body, and nothing but secrets changes."""

from __future__ import annotations

import json
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from characters import CHARACTERS
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.redaction import Redactor, is_secret_header, request_words

REDACTOR = Redactor(CassetteConfig())
SECRET_NAMES = [
    "api_key", "apikey", "access_token", "refresh_token", "id_token", "client_secret", "private_key", "assertion",
    "AccessKeyId", "SecretAccessKey", "SessionToken", "API_KEY", "apiKey", "Access_Token", "sessiontoken",
    "accessToken", "secretKey", "secret_access_key", "clientSecret", "authToken", "privateKey", "session_token",
    "my_api_key", "password", "x-api-key", "AWS_ACCESS_KEY_ID",
]  # fmt: skip
CONVERSATION = sorted(request_words.CONVERSATION)
HARMLESS_NAMES = ["key", "token", "max_tokens", "api_keys", "keyed", "keys", "secret", 'a"b', "ключ", "api key"]
SECRET = "S3cr3t-v4lue"


@pytest.mark.parametrize(
    "template",
    [
        '{"NAME": "SECRET"}',
        '{"NAME":"SECRET"}',
        '{"a": [1, {"b": {"NAME"\n:\t"SECRET"}}]}',
        '[{"NAME": "x\\"SECRET\\\\"}]',
        '{"messages": [{"NAME": "kept"}], "NAME": "SECRET"}',
        '{"messages": [], "a": {"NAME": "SECRET"}}',
        '{"NAME": "SECRET", "NAME": "SECRET"}',
        '{"a": NaN, "NAME": "SECRET", oops',
        '{"a": {"NAME": "SECRET',
        '}]{"NAME": "SECRET"}',
        '{"a": "cut off \\',
        '{"a": 1}\n{"NAME": "SECRET"}\n',
        '\n\n   {"NAME": "SECRET"}',
        "\ufeff" + '{"NAME": "SECRET"}',
        "\n" * 1000 + '{"NAME": "SECRET"}',
        "[" * 1500 + '{"NAME": "SECRET"}' + "]" * 1500,
        'data: {"NAME":"SECRET"}\n\ndata: [DONE]\n\n',
        'event: x\r\ndata: {"a": "\r\n\r\nevent: y\r\ndata: {"NAME":"SECRET"}\r\n\r\n',
        ': keep-alive\n\ndata: {\ndata: "NAME":\ndata: "SECRET"}\n\n',
    ],
)  # fmt: skip
def test_a_secret_is_replaced_in_place(template: str) -> None:
    content_types: tuple[str, ...] = ("", "application/json; charset=utf-8", "text/plain")
    if template.startswith("}"):
        content_types = ("application/json",)
    names = SECRET_NAMES if len(template) < 2000 else SECRET_NAMES[::9]
    for content_type, name in product(content_types, names):
        body = template.replace("NAME", name)
        expected = body.replace('x\\"SECRET\\\\', "SECRET").replace("SECRET", "REDACTED")
        redacted = REDACTOR.body(body.replace("SECRET", SECRET).encode(), content_type)
        assert redacted == expected.encode(), (content_type, name)
        assert REDACTOR.body(redacted, content_type) is redacted, (content_type, name)


@pytest.mark.parametrize(
    "body",
    [
        '{"api\\u005fkey": "SECRET"}',
        '{"\\u0061pi_key": "SECRET"}',
        '{"api\\u005Fkey": "SECRET", "x": "é"}',
    ],
)
def test_a_name_may_be_escaped(body: str) -> None:
    redacted = REDACTOR.body(body.replace("SECRET", SECRET).encode(), "application/json")
    assert redacted == body.replace("SECRET", "REDACTED").encode()


@pytest.mark.parametrize(
    "body",
    [
        '{"image": "https://h/f?key=SECRET&x=1", "b": ["c"]}',
        # By its name an address, though it begins with a blank; and with words around it.
        '{"File_URL": " https://h/f?key=SECRET", "Server-Endpoint": "see https://h/f?key=SECRET", "b": ["c"]}',
    ],
)
def test_an_address_keeps_all_around_its_secret(body: str) -> None:
    redacted = REDACTOR.body(body.replace("SECRET", SECRET).encode(), "application/json")
    assert redacted == body.replace("SECRET", "REDACTED").encode()


@pytest.mark.parametrize(
    "inner", ['{"api_key": "said"}', '[{"a": {"access_token": "said"}}]', '["x", {"assertion": "said"}]']
)
def test_what_was_said_stays(inner: str) -> None:
    for container in CONVERSATION:
        body = f'{{"x": {{"{container}": {inner}}}, "api_key": "{SECRET}"}}'.encode()
        assert REDACTOR.body(body, "application/json") == body.replace(SECRET.encode(), b"REDACTED")


@pytest.mark.parametrize(
    "body",
    [
        b'{"key": "value", "token": "word", "max_tokens": 3, "api_key ": "x", "passwords": "y", "secret": "z"}',
        b'{"api_key": 3, "access_token": null, "id_token": {"a": 1}, "assertion": [true, ["", {}]], "apikey": ""}',
        b'{"logprobs": {"content": [{"token": "counterrevolutionaries", "logprob": -0.1}]}}',
        b'{"next_page_token": "CAUQAA0123456789", "pageToken": "CAUQAA0123456789ab", "nextToken": "eyJ0b2tlbiI6MX0x"}',
        b'{"eos_token": "endoftext0123456789", "bos_token": "<|begin_of_text|>", "stop_token": "a b c d e f g h i j"}',
        b'{"usage": {"prompt_tokens": 12, "tokens": "0123456789abcdef0123", "audio_token": 3}, "bot_token": "short"}',
        b'{"a_secret": "what nobody knows of it", "b_token": "${{ secrets.B }}", "c_token": "{{TELEGRAM_TOKEN}}"}',
        b'{"response_format": {"json_schema": {"schema": {"properties": {"password": {"type": "string"}}}}}}',
        b'{"generationConfig": {"responseSchema": {"properties": {"api_key": {"items": [{"type": "STRING"}]}}}}}',
        b'{"tools": [{"input_schema": {"properties": {"password": {"type": "string", "default": "hunter2"}}}}]}',
        b'{"tools": [{"parameter_definitions": {"auth_token": {"type": "str"}}, "api_key": "of the tool"}]}',
        b'{"content": [{"type": "tool_use", "input": {"password": "hunter2", "a_token": "0123456789abcdef0123"}}]}',
        b'{"arguments": "{\\"password\\": \\"hunter2\\"}", "text": "{\\"api_key\\": \\"said\\"}"}',
        b'{"token": "CAUQAA", "top": [{"token": "internationalization-of"}], "name": "api_key"}',
        b'{"properties": [{"name": "color", "value": "0123456789abcdef0123"}], "prompt_cache_key": "0123456789abcdef"}',
        b'{"d_secret": "pneumonoultramicroscopic words", "e_token": "0123456789abcdef0123 and more of it"}',
        b'{"text": "set \\"api_key\\": \\"sk-1\\" first", "api_key_env": "OPENAI_API_KEY"}',
        # Six letters, of which each is written as six.
        rb'{"answer_token": "\u043f\u0440\u0438\u0432\u0435\u0442", "secret": "\u043f\u0440\u0438\u0432\u0435\u0442"}',
        b'{"model": "m", "messages": [{"role": "user", "content": [{"type": "image", "data": "kEY=="}]}]}',
        b'{"a": 1, "a": 2, "b": NaN, "c": 1e999, "d": "\xff\xfe"}',
        b"plain text about an api_key: sk-1",
        b'\x00\x00\x00\x8b{"api_key":"inside a binary frame"}',
        b"",
    ],
)
def test_what_is_no_secret_is_the_same_object(body: bytes) -> None:
    for content_type in ("", "application/json", "application/vnd.amazon.eventstream"):
        if body[:1] != b"\x00" or content_type != "application/json":
            assert REDACTOR.body(body, content_type) is body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("client_id=me&client_secret=SECRET&x=1", "client_id=me&client_secret=REDACTED&x=1"),
        ("Client%5FSecret=SECRET%21&&x", "Client%5FSecret=REDACTED&&x"),
        (
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=SECRET",
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=REDACTED",
        ),
        ("grant_type=authorization_code&code=SECRET&scope=s", "grant_type=authorization_code&code=REDACTED&scope=s"),
        ("scope=s&client_assertion=SECRET&grant_type=x", "scope=s&client_assertion=REDACTED&grant_type=x"),
        (
            "Action=AssumeRoleWithWebIdentity&RoleArn=a&WebIdentityToken=SECRET",
            "Action=AssumeRoleWithWebIdentity&RoleArn=a&WebIdentityToken=REDACTED",
        ),
        ("code=print(1)&token=t&page_token=0123456789abcdef", "code=print(1)&token=t&page_token=0123456789abcdef"),
        ("access_token=", "access_token="),
        ("api_key=SECRET==&a=b==", "api_key=REDACTED&a=b=="),
        ("prompt=a%20b&key=v", "prompt=a%20b&key=v"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", ""])
def test_forms(body: str, expected: str, content_type: str) -> None:
    redacted = REDACTOR.body(body.replace("SECRET", SECRET).encode(), content_type)
    assert redacted == expected.encode()
    assert REDACTOR.body(redacted, content_type) is redacted


STS = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
  <AccessKeyId>SECRET</AccessKeyId>
  <SecretAccessKey>
    SECRET
  </SecretAccessKey>
  <sts:SessionToken type="a"><![CDATA[SECRET]]></sts:SessionToken>
  <Expiration>2026-11-23T03:00:00Z</Expiration>
</Credentials><Arn>arn:aws:sts::1:assumed-role/r</Arn></AssumeRoleResult></AssumeRoleResponse>"""


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml; charset=utf-8", ""])
def test_xml_of_the_token_service(content_type: str) -> None:
    redacted = REDACTOR.body(STS.replace("SECRET", SECRET).encode(), content_type)
    assert redacted == STS.replace("<![CDATA[SECRET]]>", "SECRET").replace("SECRET", "REDACTED").encode()
    assert REDACTOR.body(redacted, content_type) == redacted


def multipart(boundary: str, secret: str, inner: str) -> bytes:
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="API_key"\r\n\r\n{secret}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="api_key"\r\n'
        f'Content-Type: application/json\r\n\r\n{{"access_token": "{inner}", "key": 1}}\r\n--{boundary}--\r\n'
    ).encode()


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=abc", 'multipart/mixed; boundary="abc"', ""])
def test_multipart_fields_and_json_parts(content_type: str) -> None:
    redacted = REDACTOR.body(multipart("abc", SECRET, SECRET), content_type)
    assert redacted == multipart("abc", "REDACTED", "REDACTED")
    assert REDACTOR.body(redacted, content_type) is redacted


@pytest.mark.parametrize("name", ["Tenant-Id", "x", "ключ", "a.b*"])
def test_one_own_name(name: str) -> None:
    redactor = Redactor(CassetteConfig(secret_fields=(name,)))
    body = f'{{"{name.upper()}": "{SECRET}", "aXb*": "kept"}}'
    assert redactor.body(body.encode(), "application/json") == body.replace(SECRET, "REDACTED").encode()
    assert REDACTOR.body(body.encode(), "application/json") == body.encode()


def test_own_names_are_added_to_the_built_in_ones() -> None:
    redactor = Redactor(CassetteConfig(secret_fields=("Tenant-Key", "пароль", "x_k")))
    body = '{"tenant-key": "s1", "Пароль": "s2", "api_key": "s3", "x_k": "s4", "tools": [{"x_k": "kept"}], "a": "s5"}'
    assert json.loads(redactor.body(body.encode(), "application/json")) == {
        "tenant-key": "REDACTED", "Пароль": "REDACTED", "api_key": "REDACTED", "x_k": "REDACTED",
        "tools": [{"x_k": "kept"}], "a": "s5",
    }  # fmt: skip
    escaped = b'{"tenant\\u002dkey": "s1"}'
    assert redactor.body(escaped, "") == b'{"tenant\\u002dkey": "REDACTED"}'


short = st.text(CHARACTERS, max_size=5)
names = st.sampled_from([*SECRET_NAMES, *CONVERSATION, *HARMLESS_NAMES, "properties", "headers"]) | short
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(CHARACTERS, max_size=8)


def trees_of(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=20,
    )


LOWER = {name.lower() for name in SECRET_NAMES}


def expected_tree(value: Any, rule: str = "names") -> Any:
    """The rule itself, on values instead of text."""
    if isinstance(value, list):
        inner = "names" if rule == "schema" else rule
        return [expected_tree(item, inner) for item in value]
    if isinstance(value, dict):
        return {name: expected_member(name, inner, rule) for name, inner in value.items()}
    return "REDACTED" if rule == "all" and isinstance(value, str) and value else value


def expected_member(name: str, value: Any, rule: str) -> Any:
    if not isinstance(value, (dict, list)):
        by_name = name.lower() in LOWER and rule in ("names", "schema")
        secret = by_name or rule == "all" or (rule == "tools" and is_secret_header(name))
        return "REDACTED" if secret and isinstance(value, str) and value else value
    if rule not in ("nothing", "all"):
        if name in CONVERSATION:
            rule = "tools" if name == "tools" else "nothing"
        elif rule == "tools":
            rule = "names" if name == "headers" else rule
        elif name == "properties":
            rule = "schema"
        else:
            rule = "all" if rule == "names" and name.lower() in LOWER else "names"
    return expected_tree(value, rule)


@given(
    trees_of(scalars | st.just(SECRET)),
    st.booleans(),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]),
)
def test_json_of_any_shape(tree: Any, ascii_only: bool, indent: int | None, separators: tuple[str, str]) -> None:
    text = json.dumps(tree, ensure_ascii=ascii_only, indent=indent, separators=separators).encode("utf-8", "replace")
    tree = json.loads(text)
    redacted = REDACTOR.body(text, "application/json")
    expected = expected_tree(tree)
    assert json.loads(redacted) == expected
    assert redacted == json.dumps(expected, ensure_ascii=ascii_only, indent=indent, separators=separators).encode()
    assert REDACTOR.body(redacted, "application/json") is redacted
    if expected == tree:
        assert redacted is text


@given(trees_of(scalars), st.data())
def test_cut_anywhere_no_secret_survives(tree: Any, data: st.DataObject) -> None:
    text = json.dumps({"a": tree, "api_key": SECRET, "z": {"SessionToken": SECRET}}).encode()
    cut = data.draw(st.integers(0, len(text)))
    redacted = REDACTOR.body(text[:cut], "application/json")
    assert SECRET.encode()[:4] not in redacted
    assert REDACTOR.body(redacted, "application/json") is redacted


@given(st.binary(max_size=200), st.sampled_from(["", "application/json", "text/event-stream", "text/xml", "text/plain",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"]))  # fmt: skip
@example(b'--a\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n', "multipart/form-data; boundary=a")
@example(b'{"api_key":"\\', "")
@example(b"--a\n--a--", "multipart/form-data; boundary=a")
def test_garbage_is_left_alone_and_redacting_twice_changes_nothing(body: bytes, content_type: str) -> None:
    redacted = REDACTOR.body(body, content_type)
    assert REDACTOR.body(redacted, content_type) == redacted
    if b"REDACTED" not in redacted:
        assert redacted is body


@given(st.lists(st.tuples(st.sampled_from([*SECRET_NAMES, *HARMLESS_NAMES, "grant_type"]), short)))
def test_forms_of_any_fields(fields: list[tuple[str, str]]) -> None:
    body = urlencode(fields, errors="surrogatepass").encode()
    redacted = REDACTOR.body(body, "application/x-www-form-urlencoded").decode()
    lower = LOWER | ({"token"} if any(name == "grant_type" for name, _ in fields) else set())
    expected = [(name, "REDACTED" if value and name.lower() in lower else value) for name, value in fields]
    assert parse_qsl(redacted, keep_blank_values=True, errors="surrogatepass") == expected

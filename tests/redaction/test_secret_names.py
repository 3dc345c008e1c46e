"""Which fields are secret by their name: each name of the tables, wherever names stand, and no other."""

from __future__ import annotations

import re

import pytest

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.redaction import Redactor
from pytest_llmcassette.redaction.names import CREDENTIAL_FIELDS, SECRET_FIELDS, SECRET_QUERY, TOKEN_REQUEST_FIELDS

REDACTOR = Redactor(CassetteConfig())
CREDENTIAL = "cr3d-0123456789abcdef"


def spellings(field: str) -> list[str]:
    """As clients, configurations and variables write it, alone and at the end of a longer name."""
    words = re.split("[_-]", field)
    pascal = "".join(word.title() for word in words)
    snake, kebab = "_".join(words), "-".join(words)
    alone = [snake, kebab, pascal, pascal[0].lower() + pascal[1:], "".join(words), snake.upper(), kebab.title()]
    return [*alone, f"openai_{snake}", f"x-openai-{kebab}", f"openai{pascal}", f"OPENAI_{snake.upper()}"]


@pytest.mark.parametrize("field", sorted([*SECRET_FIELDS, *(f"bot_{field}" for field in CREDENTIAL_FIELDS)]))
def test_every_name_of_the_table_wherever_names_stand(field: str) -> None:
    """A name that is added to the table is looked for everywhere, by nothing but the table."""
    form, part = "application/x-www-form-urlencoded", 'Content-Disposition: form-data; name="NAME"'
    templates = [
        ("application/json", '{"a": [{"NAME": "VALUE"}]}'),
        ("application/json", '{"tools": [{"headers": {"NAME": "VALUE"}, "env": {"NAME": "VALUE"}}]}'),
        ("", 'event: x\ndata: {"a": 1, "NAME" : "VALUE"}\n\n'),
        (form, "a=1&NAME=VALUE"),
        ("multipart/form-data; boundary=b", f"--b\r\n{part}\r\n\r\nVALUE\r\n--b--\r\n"),
        ("text/xml", "<a><x:NAME b='c'> VALUE </x:NAME></a>"),
    ]
    for name in spellings(field):
        for content_type, template in templates:
            body = template.replace("NAME", name)
            known: set[str] = set()
            redacted = REDACTOR.body(body.replace("VALUE", CREDENTIAL).encode(), content_type, known)
            assert redacted.decode() == body.replace("VALUE", "REDACTED"), (name, content_type)
            assert known == {CREDENTIAL}, (name, content_type)
        assert REDACTOR.url(f"https://h/p?a=1&{name}={CREDENTIAL}#x") == f"https://h/p?a=1&{name}=REDACTED#x", name


@pytest.mark.parametrize("name", sorted(TOKEN_REQUEST_FIELDS))
def test_every_name_of_a_token_request(name: str) -> None:
    assert (
        REDACTOR.body(f"{name.title()}=x&grant_type=y".encode(), "") == f"{name.title()}=REDACTED&grant_type=y".encode()
    )
    assert REDACTOR.body(f"{name}=x&a=grant_type=y".encode(), "") == f"{name}=x&a=grant_type=y".encode()


@pytest.mark.parametrize("name", sorted(SECRET_QUERY))
def test_every_name_of_a_query(name: str) -> None:
    assert REDACTOR.url(f"/p?{name.upper()}=x&a{name}s=x") == f"/p?{name.upper()}=REDACTED&a{name}s=x"
    assert REDACTOR.body(f'{{"{name}": "x"}}'.encode(), "") == f'{{"{name}": "x"}}'.encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"client_secret": {"value": "V", "expires_at": 1}, "value": "V"}',
         '{"client_secret": {"value": "R", "expires_at": 1}, "value": "V"}'),
        ('{"api_key": ["V", ["V"], {"a": "V", "messages": ["V"]}], "b": ["V"]}',
         '{"api_key": ["R", ["R"], {"a": "R", "messages": ["R"]}], "b": ["V"]}'),
        ('{"properties": {"password": "V", "a": {"password": {"b": "V"}}}}',
         '{"properties": {"password": "R", "a": {"password": {"b": "R"}}}}'),
        ('{"properties": {"password": {"api_key": "V"}}}', '{"properties": {"password": {"api_key": "R"}}}'),
        ('{"tools": [{"Authorization": "V", "env": {"aToken": "V", "A": "V"}, "b": {"bToken": "V"}}], "c_token": "V"}',
         '{"tools": [{"Authorization": "R", "env": {"aToken": "R", "A": "V"}, "b": {"bToken": "V"}}], "c_token": "R"}'),
        ('{"tools": [{"input": {"authorization": "V"}}]}', '{"tools": [{"input": {"authorization": "V"}}]}'),
    ],
)  # fmt: skip
def test_what_is_inside_a_name(body: str, expected: str) -> None:
    redacted = REDACTOR.body(body.replace('"V"', f'"{CREDENTIAL}"').encode(), "application/json").decode()
    assert redacted == expected.replace('"V"', f'"{CREDENTIAL}"').replace('"R"', '"REDACTED"')
    assert REDACTOR.body(redacted.encode(), "") == redacted.encode()


def test_of_what_a_secret_object_holds_only_credentials_are_known_again() -> None:
    """Its other texts may be words that answers are made of."""
    known: set[str] = set()
    REDACTOR.body(f'{{"client_secret": {{"value": "{CREDENTIAL}", "type": "ephemeral"}}}}'.encode(), "", known)
    assert known == {CREDENTIAL}

"""Which requests are equal."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from characters import CHARACTERS
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.redaction import Redactor

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ADDRESS = "https://api.example.com/v1/chat"


def request(body: bytes | str = b"", content_type: str = JSON, url: str = ADDRESS, method: str = "POST") -> Request:
    headers = {"Content-Type": [content_type]} if content_type else {}
    return Request(method=method, url=url, headers=headers, body=body.encode() if isinstance(body, str) else body)


def match(one: Request, other: Request, **switches: Any) -> bool:
    """By one matcher and by two: what was compared before must not count."""
    config = CassetteConfig(**switches)
    matcher = Matcher(config)
    equal = matcher.key(one) == matcher.key(other)
    assert equal == (Matcher(config).key(other) == Matcher(config).key(one))
    if equal:
        assert hash(matcher.key(one)) == hash(matcher.key(other))
    return equal


EQUAL_URLS = [
    ("https://h/p?a=1&b=2", "https://h/p?b=2&a=1"),
    ("https://h/p?a=2&a=1", "https://h/p?a=1&a=2"),
    ("https://h:443/p", "https://h/p"),
    ("http://h:80/p", "http://h/p"),
    ("https://H.Example.COM/p", "HTTPS://h.example.com/p"),
    ("https://h", "https://h/"),
    ("https://h?a=1", "https://h/?a=1"),
    ("https://h/p?", "https://h/p"),
    ("https://h/p?a", "https://h/p?a="),
    ("https://h/p?a=x%20y", "https://h/p?a=x+y"),
    ("https://h/%7Euser/%61", "https://h/~user/a"),
    ("https://h/a%2fb", "https://h/a%2Fb"),
    ("https://h/a%0ab", "https://h/a%0Ab"),
    ("https://h/model/claude-v2%3A0/invoke", "https://h/model/claude-v2:0/invoke"),
    ("https://h/é", "https://h/%C3%A9"),
    ("https://h/a b", "https://h/a%20b"),
    ("https://h/p#top", "https://h/p"),
    ("https://user:pw@h/p", "https://h/p"),
    ("https://h/p?key=one&alt=sse", "https://h/p?alt=sse&key=two"),
    ("https://h/p?key=one&alt=sse", "https://h/p?alt=sse"),
    ("https://h/p?X-Amz-Signature=1&X-Amz-Credential=2", "https://h/p"),
    ("https://[::1]:443/p", "https://[::1]/p"),
]
OTHER_URLS = [
    ("https://h/p", "http://h/p"),
    ("https://h/p", "https://g/p"),
    ("https://h/p", "https://h:8443/p"),
    ("https://h/p", "https://h/P"),
    ("https://h/p", "https://h/p/"),
    ("https://h/a%2Fb", "https://h/a/b"),
    ("https://h/p?a=1", "https://h/p?a=2"),
    ("https://h/p?a=1", "https://h/p?a=1&a=1"),
    ("https://h/p?a=1&b=2", "https://h/p?a=2&b=1"),
    ("https://h/p?a=x%2By", "https://h/p?a=x+y"),
    ("https://h/p?a=1%26b=2", "https://h/p?a=1&b=2"),
    ("https://h/p?A=1", "https://h/p?a=1"),
    ("https://h/p?a=%FF", "https://h/p?a=%EF%BF%BD"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL_URLS)
def test_spellings_of_one_address(one: str, other: str) -> None:
    assert match(request(url=one), request(url=other))


@pytest.mark.parametrize(("one", "other"), OTHER_URLS)
def test_different_addresses(one: str, other: str) -> None:
    assert not match(request(url=one), request(url=other))


def test_own_secret_parameters_do_not_count() -> None:
    one, other = request(url="https://h/p?tenant=1"), request(url="https://h/p?tenant=2")
    assert match(one, other, secret_query=("Tenant",))
    assert not match(one, other)


def test_the_method_counts() -> None:
    assert not match(request(method="GET"), request(method="POST"))
    assert match(request(method="GET"), request(method="POST"), match_on=("url",))


EQUAL_JSON = [
    ('{"a": 1, "b": [true, null]}', '{"b":[true,null],"a":1}'),
    ('{"a": 1}', '{"a": 1.0}'),
    ('{"a": 1}', '{"a": 1e0}'),
    ('{"a": 100}', '{"a": 1E2}'),
    ('{"a": 0}', '{"a": -0.0}'),
    ('{"a": 0.1}', '{"a": 1e-1}'),
    ('{"a": 100000000000000000000000}', '{"a": 1e23}'),
    ('{"a": 9007199254740993}', '{"a": 9007199254740993.0}'),
    ('{"a": "\\u00e9"}', '{"a": "é"}'),
    ('{"a": "\\ud83d\\ude00"}', '{"a": "😀"}'),
    ('{"a": "/"}', '{"a": "\\/"}'),
    ('{"a": 1, "a": 2}', '{"a": 2}'),
    ('{"a": {"b": 1}, "a": {"b": 2, "b": 3}}', '{"a": {"b": 3}}'),
    ('{"a": "x\\r\\ny"}', '{"a": "x\\ny"}'),
    ('{"a": "x\\u000d\\u000ay"}', '{"a": "x\\ny"}'),
    ('{"a":\r\n1}\r\n', '{"a":\n1}\n'),
    ("\ufeff{}", "{}"),
    ("  \n{}", "{}"),
    ('{"a": "\\ud800"}', '{ "a": "\\uD800" }'),
    ("[NaN, Infinity]", "[NaN,Infinity]"),
    ("1", "1.0"),
]
OTHER_JSON = [
    ('{"a": true}', '{"a": 1}'),
    ('{"a": false}', '{"a": 0}'),
    ("[true]", "[1.0]"),
    ('{"a": 1}', '{"a": "1"}'),
    ('{"a": null}', "{}"),
    ('{"a": []}', '{"a": {}}'),
    ("{}", "[]"),
    ('{"a": 1}', '[["a", 1]]'),
    ('{"a": 1}', '[{"a": 1}]'),
    ("[1, 2]", "[2, 1]"),
    ('{"a": 9007199254740993}', '{"a": 9007199254740992}'),
    ('{"a": 123456789012345678901234567890}', '{"a": 123456789012345678901234567891}'),
    ('{"a": 0.1}', '{"a": 0.2}'),
    ('{"a": 1e400}', '{"a": 1e401}'),
    ('{"a": "x"}', '{"a": "X"}'),
    ('{"a": "é"}', '{"a": "e\\u0301"}'),
    ('{"a": "\\\\r\\n"}', '{"a": "\\\\n"}'),
    ('{"a": "x\\ry"}', '{"a": "xy"}'),
    ('{"a": "\\ud800"}', '{"a": "\\udbff"}'),
    ('{"a": ""}', '{"a": null}'),
    ("{}", ""),
    ('{"a": 1', '{"a":1'),
    ("[" * 100_000, "[" * 100_001),
]


@pytest.mark.parametrize(("one", "other"), EQUAL_JSON)
def test_equal_json(one: str, other: str) -> None:
    for content_type in (JSON, "", "text/plain"):
        assert match(request(one, content_type), request(other))


@pytest.mark.parametrize(("one", "other"), OTHER_JSON)
def test_different_json(one: str, other: str) -> None:
    assert not match(request(one), request(other))


@pytest.mark.parametrize("depth", [300, 900, 100_000])
def test_deep_nesting_is_compared_from_any_depth_of_the_stack(depth: int) -> None:
    """The recorded body is read while the file is loaded, the live one deep inside a client."""
    body = request("[" * depth + "1" + "]" * depth)

    def at(stack: int, call: Callable[[], Any]) -> Any:
        return at(stack - 1, call) if stack else call()

    keys = [at(stack, lambda: Matcher(CassetteConfig()).key(body)) for stack in (0, 400, 800)]
    thread = threading.Thread(target=lambda: keys.append(Matcher(CassetteConfig()).key(body)))
    thread.start()
    thread.join()
    assert len({*keys}) == 1
    assert not match(body, request("[" * depth + "2" + "]" * depth))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("a=1&b=2", "b=2&a=1", True),
        ("name.of[a-field]*=1&b=2", "b=2&name.of[a-field]*=1", True),
        ("a=x+y", "a=x%20y", True),
        ("a=x%0D%0Ay", "a=x%0Ay", True),
        ("a=%C3%A9", "a=%c3%a9", True),
        ("a", "a=", True),
        ("a=1&a=2", "a=2&a=1", False),
        ("a=1", "a=2", False),
        ("a=1", "a=1&b=", False),
        ("a=1%26b%3D2", "a=1&b=2", False),
    ],
)
def test_forms(one: str, other: str, equal: bool) -> None:
    for content_types in ((FORM, FORM), (FORM.title() + "; charset=utf-8", ""), ("", "")):
        if "=" in one or "" not in content_types:
            assert match(request(one, content_types[0]), request(other, content_types[1])) is equal


def multipart(boundary: str, content: bytes = b"\x00\xffdata", purpose: str = "batch", name: str = "f.bin") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n--{boundary}\r\n'
    file = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: a/b\r\n\r\n'
    return head.encode() + file.encode() + content + f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    "recorded_type", ["multipart/form-data; boundary=one", 'multipart/form-data; boundary="one"', ""]
)
def test_the_boundary_of_a_multipart_body_does_not_count(recorded_type: str) -> None:
    live = request(multipart("two-2"), "multipart/form-data; boundary=two-2")
    assert match(live, request(multipart("one"), recorded_type))
    assert match(live, request(multipart("one").replace(b"\r\n", b"\n"), recorded_type))
    assert not match(live, request(multipart("one", content=b"\x00\xfedata"), recorded_type))
    assert not match(live, request(multipart("one", purpose="vision"), recorded_type))
    assert not match(live, request(multipart("one", name="g.bin"), recorded_type))
    head, _, file = multipart("one").rpartition(b"Content-Disposition")
    swapped = head + b"Content-Type: a/b\r\nContent-Disposition" + file.replace(b"Content-Type: a/b\r\n", b"")
    assert match(live, request(swapped, recorded_type))


@pytest.mark.parametrize("other_type", ["text/plain", JSON])
def test_what_is_said_to_be_no_multipart_body_is_none(other_type: str) -> None:
    assert not match(request(multipart("one"), other_type), request(multipart("two"), other_type))
    assert match(request(multipart("one"), other_type), request(multipart("one"), other_type))


def test_json_in_a_part_is_compared_by_structure() -> None:
    one = multipart("x", content=b'{"a": 1, "b": 2}')
    assert match(request(one, "multipart/related; boundary=x"), request(multipart("y", b'{"b":2,"a":1}'), ""))
    assert not match(request(one, "multipart/related; boundary=x"), request(multipart("y", b'{"b":2,"a":2}'), ""))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (b"a\r\nb", b"a\nb", True),
        (b"\xff\xfe", b"\xff\xfe", True),
        (b"\xff\xfe", b"\xff\xff", False),
        (b"a b", b"a  b", False),
        (b"", b" ", False),
        (b"--x\r\nno end", b"--y\r\nno end", False),
    ],
)
def test_other_bodies_are_compared_as_bytes(one: bytes, other: bytes, equal: bool) -> None:
    for content_type in ("", "application/octet-stream"):
        assert match(request(one, content_type), request(other, content_type)) is equal


def test_a_secret_never_decides_a_match() -> None:
    """Go's recorder wrote its own word in place of the key; Python sends a placeholder."""
    redactor = Redactor(CassetteConfig())
    recorded = redactor.request("POST", ADDRESS + "?key=XXX", {}, b'{"api_key":"[FILTERED]","a":1}')
    live = redactor.request("POST", ADDRESS + "?key=live", {}, b'{"a": 1, "api_key": "live"}')
    assert match(recorded, live)


@pytest.mark.parametrize(
    ("aspect", "url"),
    [("scheme", "http://h:443/p?a=1"), ("host", "https://g/p?a=1"), ("port", "https://h:1/p?a=1"),
     ("path", "https://h/q?a=1"), ("query", "https://h/p?a=2")],
)  # fmt: skip
def test_parts_of_the_url_one_by_one(aspect: str, url: str) -> None:
    parts = ("scheme", "host", "port", "path", "query")
    one, other = request(url="https://h/p?a=1"), request(url=url)
    assert not match(one, other, match_on=(aspect,))
    assert match(one, other, match_on=tuple(part for part in parts if part != aspect))


def test_headers_count_when_named() -> None:
    one, other, absent = request(), request(), request()
    one.headers["Openai-Beta"], other.headers["Openai-Beta"] = ["a=1", "b=2"], ["a=1, b=3"]
    same = request()
    same.headers["Openai-Beta"] = ["a=1, b=2"]
    for name in ("openai-beta", "OpenAI-Beta"):
        switches = {"match_on": ("url", f"header:{name}")}
        assert match(one, same, **switches)
        assert not match(one, other, **switches)
        assert not match(one, absent, **switches)
    assert match(one, other)


@pytest.mark.parametrize("name", ["authorization", "X-API-Key", "x-goog-api-key"])
def test_a_credential_cannot_be_compared(name: str) -> None:
    with pytest.raises(ConfigError, match=f"match_on: the header '{name}' carries a credential"):
        Matcher(CassetteConfig(match_on=("url", f"header:{name}")))


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(CHARACTERS, max_size=6)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(CHARACTERS, max_size=4), inner, max_size=4),
    max_leaves=15,
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all leaves."""
    if isinstance(tree, dict):
        return [place for key, value in tree.items() for place in places(value, (*path, key))]
    if isinstance(tree, list):
        return [place for index, value in enumerate(tree) for place in places(value, (*path, index))]
    return [path]


def changed(tree: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    if not path:
        return leaf
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = changed(copy[path[0]], path[1:], leaf)
    return copy


def shuffled(tree: Any, draw: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {key: shuffled(tree[key], draw) for key in draw(st.permutations(list(tree)))}
    return [shuffled(item, draw) for item in tree] if isinstance(tree, list) else tree


def dumps(tree: Any, **options: Any) -> bytes:
    return json.dumps(tree, **options).encode("utf-8", "surrogatepass")


@given(trees, st.data())
def test_layout_and_key_order_do_not_count(tree: Any, data: st.DataObject) -> None:
    other = shuffled(tree, data.draw)
    assert match(request(dumps(tree)), request(dumps(other, indent=1, ensure_ascii=False)))


@given(trees, leaves, st.data())
@example([1], True, st.data())
@example({"a": 0.0}, False, st.data())
def test_any_single_changed_leaf_counts(tree: Any, leaf: Any, data: st.DataObject) -> None:
    paths = places(tree)
    assume(paths)
    path = data.draw(st.sampled_from(paths)) if hasattr(data, "draw") else paths[0]
    old = tree
    for step in path:
        old = old[step]
    same_kind = isinstance(old, bool) == isinstance(leaf, bool)
    assume(not (same_kind and (old == leaf or str(old).replace("\r\n", "\n") == str(leaf).replace("\r\n", "\n"))))
    assert not match(request(dumps(tree)), request(dumps(changed(tree, path, leaf))))


bodies = (
    st.binary(max_size=12)
    | trees.map(dumps)
    | st.sampled_from(
        [b"a=1&b=2", b"b=2&a=1", multipart("x"), multipart("y"), b"--x\r\n\r\n--x--", b"1", b"1.0", b"true"]
    )
)


@given(st.lists(st.tuples(bodies, st.sampled_from(["", JSON, FORM, "multipart/form-data; boundary=x"])), max_size=6))
def test_any_body_has_a_key_equal_to_itself(some: list[tuple[bytes, str]]) -> None:
    matcher = Matcher(CassetteConfig())
    for body, content_type in some:
        one = request(body, content_type)
        assert matcher.key(one) == Matcher(CassetteConfig()).key(request(bytes(body), content_type))


@given(
    st.text(CHARACTERS, max_size=40)
    | st.from_regex(r"\A[a-z]{0,5}:?//[a-z@:\[\]0-9]{0,9}/[a-z%/?&=#+;]{0,12}\Z", alphabet=CHARACTERS)
)
def test_any_text_is_compared_as_an_address(url: str) -> None:
    assert match(request(url=url), request(url=url))

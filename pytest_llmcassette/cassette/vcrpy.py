"""Reads VCR.py cassettes (`version: 1`), with the serializers that real projects put around it.

Body forms seen in 2,500 real files: text, `!!binary`, `{string: ...}`, `{base64_string: ...}`, `parsed_body` (a JSON
document as YAML, of pydantic-ai), null, and a mapping as a request's body.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_llmcassette.cassette.encoding import decode_sniffed
from pytest_llmcassette.cassette.form import form_values
from pytest_llmcassette.cassette.headers import canonical
from pytest_llmcassette.cassette.model import Headers, Interaction, Request, Response
from pytest_llmcassette.cassette.yaml_tree import Items, Node, Plain
from pytest_llmcassette.errors import CassetteFileError

MAX_NODES = 1_000_000
_REMEDY = "Restore the file from version control, or record it again."
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def interactions_of(path: Path, root: Node) -> list[Interaction]:
    """The interactions of a `version: 1` document; raises `CassetteFileError` naming the field and its line."""
    items = root.get("interactions")
    if items is None or _is_null(items):
        raise CassetteFileError(path, "it has no `interactions`", line=root.line, remedy=_REMEDY)
    if not isinstance(items, Items):
        raise CassetteFileError(path, "`interactions` is no list", line=root.line, remedy=_REMEDY)
    return [_interaction(path, number, item) for number, item in enumerate(items)]


def _interaction(path: Path, number: int, item: object) -> Interaction:
    read = _Reader(path, number)
    if not isinstance(item, Node):
        raise CassetteFileError(path, f"interaction {number} is no mapping", remedy=_REMEDY)
    request = read.mapping(item, "request")
    response = read.mapping(item, "response")
    return Interaction(request=_request(read, request), response=_response(read, response))


def _request(read: _Reader, node: Node) -> Request:
    headers = read.headers(node)
    url = read.text(node, "uri")
    method = read.text(node, "method")
    body, _ = decode_sniffed(read.body(node), ", ".join(headers.get("Content-Encoding", [])))
    return Request(
        method=method,
        url=url,
        headers=headers,
        body=body,
        content_length=len(body),
        form=form_values(method, url, headers, body),
    )


def _response(read: _Reader, node: Node) -> Response:
    headers = read.headers(node)
    status = node.get("status", node.get("status_code"))
    if isinstance(status, Node):
        code = read.integer(status, "code")
        message = status.get("message")
        words = "" if message is None or _is_null(message) else str(message)
    elif isinstance(status, str):
        code, words = read.integer(node, "status" if "status" in node else "status_code"), ""
    else:
        raise read.fault(node, "`status` is missing")
    encoding = headers.get("Content-Encoding")
    stored = read.body(node)
    body, decoded = decode_sniffed(stored, ", ".join(encoding or []))
    if encoding and (decoded or _is_text(stored)):
        # The recorder decoded the body and kept the header; served together they would break every client.
        del headers["Content-Encoding"]
        decoded = True
    if decoded:
        headers.pop("Content-Length", None)
    return Response(
        code=code,
        status=f"{code} {words}".rstrip(),
        headers=headers,
        body=body,
        content_length=-1 if decoded else len(body),
        uncompressed=decoded,
    )


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _Reader:
    """The fields of one interaction, and faults that name it."""

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self.number = number
        self.nodes = 0

    def fault(self, node: Node, problem: str) -> CassetteFileError:
        return CassetteFileError(self.path, f"interaction {self.number}: {problem}", line=node.line, remedy=_REMEDY)

    def mapping(self, node: Node, name: str) -> Node:
        value = node.get(name)
        if not isinstance(value, Node):
            raise self.fault(node, f"`{name}` is missing" if value is None else f"`{name}` is no mapping")
        return value

    def text(self, node: Node, name: str) -> str:
        value = node.get(name)
        if value is None:
            raise self.fault(node, f"`{name}` is missing")
        if not isinstance(value, str | bytes):
            raise self.fault(node, f"`{name}` is no text")
        return _text(value)

    def integer(self, node: Node, name: str) -> int:
        text = self.text(node, name)
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise self.fault(node, f"`{name}` is no whole number: {text[:40]!r}")
        return int(text)

    def headers(self, node: Node) -> Headers:
        value = node.get("headers")
        if value is None or _is_null(value):
            return {}
        if not isinstance(value, Node):
            raise self.fault(node, "`headers` is no mapping")
        found: Headers = {}
        for name, items in value.items():
            listed = items if isinstance(items, Items) else [items]
            for item in listed:
                if not isinstance(item, str | bytes):
                    raise self.fault(node, f"the header {name!r} has a value that is no text")
            found.setdefault(canonical(name), []).extend(_text(item) for item in listed)
        return found

    def body(self, node: Node) -> bytes:
        if "parsed_body" in node:
            parsed = node["parsed_body"]
            return b"" if _is_null(parsed) else self.json_text(node, parsed)
        value = node.get("body")
        if value is None or _is_null(value):
            return b""
        if isinstance(value, Node):
            return self.wrapped(node, value)
        if isinstance(value, Items):
            return self.json_text(node, value)
        return _bytes(value)

    def wrapped(self, node: Node, value: Node) -> bytes:
        """`{string: ...}`, `{base64_string: ...}`, or a mapping that is itself the JSON body."""
        if "base64_string" in value:
            encoded = value["base64_string"]
            try:
                return base64.b64decode("".join(_text(encoded).split()), validate=True)
            except (binascii.Error, ValueError, TypeError):
                raise self.fault(node, "`base64_string` is no base64") from None
        if "string" in value:
            text = value["string"]
            if _is_null(text):
                return b""
            if not isinstance(text, str | bytes):
                raise self.fault(node, "`body.string` is no text")
            return _bytes(text)
        return self.json_text(node, value) if value else b""

    def json_text(self, node: Node, value: Any) -> bytes:
        try:
            return json.dumps(self.value(node, value), ensure_ascii=False).encode("utf-8", "surrogatepass")
        except RecursionError:
            raise self.fault(node, "its body refers to itself") from None

    def value(self, node: Node, value: Any) -> Any:
        """The JSON value of a YAML tree, its plain scalars resolved as PyYAML wrote them (YAML 1.1)."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            # Aliases of aliases: a few lines can stand for more values than there is memory.
            raise self.fault(node, f"its body has more than {MAX_NODES:,} values")
        if isinstance(value, Node):
            return {key: self.value(node, item) for key, item in value.items()}
        if isinstance(value, Items):
            return [self.value(node, item) for item in value]
        if isinstance(value, bytes):
            return base64.b64encode(value).decode("ascii")
        return _resolve(value) if isinstance(value, Plain) else value


# The numbers that json.loads and yaml.dump between them write nearly always: embeddings hold thousands.
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+(?:e[-+][0-9]+)?\Z")
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")


def _resolve(text: Plain) -> Any:
    if _FLOAT.match(text):
        return float(text)
    if _INT.match(text):
        return int(text)
    if text in _NULLS:
        return None
    return _resolved_word(text) if text[0] in "0123456789+-.tTfFyYnNoO" else str(text)


@lru_cache(maxsize=1024)
def _resolved_word(text: Plain) -> Any:
    import yaml

    loader: Any = yaml.SafeLoader("")
    tag: str = loader.resolve(yaml.ScalarNode, str(text), (True, False))
    if not tag.endswith((":int", ":float", ":bool")):
        return str(text)
    return loader.construct_object(yaml.ScalarNode(tag, str(text)))


def _is_null(value: object) -> bool:
    return isinstance(value, Plain) and value in _NULLS


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")

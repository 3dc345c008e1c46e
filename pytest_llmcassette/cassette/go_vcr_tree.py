"""go-vcr v4's schema, read from a YAML tree: every layout that go-vcr itself would read."""

from __future__ import annotations

from pathlib import Path

from pytest_llmcassette.cassette.duration import parse_duration
from pytest_llmcassette.cassette.model import Headers, Interaction, Request, Response
from pytest_llmcassette.cassette.yaml_tree import Items, Node
from pytest_llmcassette.errors import CassetteFileError

_REMEDY = "Restore the file from version control, or record it again."


def interactions_of(path: Path, root: Node) -> list[Interaction]:
    """The interactions of a `version: 2` document; raises `CassetteFileError` naming the field and its line."""
    listed = root.get("interactions")
    if listed is None:
        raise CassetteFileError(path, "it has no `interactions`", line=root.line, remedy=_REMEDY)
    if listed in ("", "null", "~"):
        return []
    if not isinstance(listed, Items):
        raise CassetteFileError(path, "`interactions` is no list", line=root.line, remedy=_REMEDY)
    return [_interaction(path, number, item) for number, item in enumerate(listed)]


def _interaction(path: Path, number: int, item: object) -> Interaction:
    if not isinstance(item, Node):
        raise CassetteFileError(path, f"interaction {number} is no mapping", remedy=_REMEDY)
    read = _Fields(path, f"interaction {number}", item)
    request = _Fields(path, f"interaction {number}, request", read.mapping("request"))
    response = _Fields(path, f"interaction {number}, response", read.mapping("response"))
    return Interaction(
        request=Request(
            proto=request.text("proto", "HTTP/1.1"),
            proto_major=request.integer("proto_major", 1),
            proto_minor=request.integer("proto_minor", 1),
            content_length=request.integer("content_length", 0),
            transfer_encoding=request.texts("transfer_encoding"),
            trailer=request.multimap("trailer"),
            host=request.text("host", ""),
            remote_addr=request.text("remote_addr", ""),
            request_uri=request.text("request_uri", ""),
            body=request.raw("body"),
            form=request.multimap("form"),
            headers=request.multimap("headers"),
            url=request.text("url", None),
            method=request.text("method", None),
        ),
        response=Response(
            proto=response.text("proto", "HTTP/1.1"),
            proto_major=response.integer("proto_major", 1),
            proto_minor=response.integer("proto_minor", 1),
            transfer_encoding=response.texts("transfer_encoding"),
            trailer=response.multimap("trailer"),
            content_length=response.integer("content_length", -1),
            uncompressed=response.boolean("uncompressed"),
            body=response.raw("body"),
            headers=response.multimap("headers"),
            status=response.text("status", ""),
            code=response.integer("code", None),
            duration_ns=response.duration("duration"),
        ),
        phase=read.text("phase", ""),
        end=read.text("end", ""),
        end_message=read.text("end_message", ""),
        chunks=parse_chunks(path, number, read.text("chunks", "")),
    )


def parse_chunks(path: Path, number: int, text: str) -> tuple[tuple[float, int], ...]:
    """Arrivals from `"0.4+512 20.1+88"`: milliseconds since the headers and bytes."""
    pairs = []
    for word in text.split():
        at, plus, size = word.partition("+")
        try:
            pairs.append((float(at), int(size)))
        except ValueError:
            plus = ""
        if not plus:
            raise CassetteFileError(
                path,
                f"interaction {number}: `chunks` holds {word!r}",
                remedy="Each is MILLISECONDS+BYTES; or delete it.",
            )
    return tuple(pairs)


class _Fields:
    """One mapping's fields, each read as the type that the schema gives it."""

    def __init__(self, path: Path, where: str, node: Node) -> None:
        self.path = path
        self.where = where
        self.node = node

    def fault(self, name: str, problem: str) -> CassetteFileError:
        return CassetteFileError(self.path, f"{self.where}: `{name}` {problem}", line=self.node.line, remedy=_REMEDY)

    def mapping(self, name: str) -> Node:
        value = self.node.get(name)
        if value is None:
            raise self.fault(name, "is missing")
        if not isinstance(value, Node):
            raise self.fault(name, "is no mapping")
        return value

    def text(self, name: str, default: str | None) -> str:
        value = self.node.get(name)
        if value is None:
            if default is None:
                raise self.fault(name, "is missing")
            return default
        return self._string(name, value)

    def raw(self, name: str) -> bytes:
        value = self.node.get(name)
        if value is None:
            return b""
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise self.fault(name, "is neither text nor !!binary")
        return value.encode("utf-8", "surrogatepass")

    def integer(self, name: str, default: int | None) -> int:
        value = self.node.get(name)
        if value is None:
            if default is None:
                raise self.fault(name, "is missing")
            return default
        if isinstance(value, str) and value.isascii():
            try:
                return int(value)
            except ValueError:
                pass
        raise self.fault(name, f"is no whole number: {_short(value)}")

    def boolean(self, name: str) -> bool:
        value = self.node.get(name)
        if value is None:
            return False
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise self.fault(name, f"is neither true nor false: {_short(value)}")

    def duration(self, name: str) -> int:
        text = self.text(name, "0s")
        try:
            return parse_duration(text)
        except ValueError:
            raise self.fault(name, f"is no duration such as 1.5s or 412.5ms: {_short(text)}") from None

    def texts(self, name: str) -> list[str]:
        value = self.node.get(name)
        if value is None or value in ("", "null"):
            return []
        if not isinstance(value, Items):
            raise self.fault(name, "is no list")
        return [self._string(name, item) for item in value]

    def multimap(self, name: str) -> Headers:
        value = self.node.get(name)
        if value is None or value in ("", "null"):
            return {}
        if not isinstance(value, Node):
            raise self.fault(name, "is no mapping of names to lists")
        found: Headers = {}
        for key, items in value.items():
            if not isinstance(items, Items):
                raise self.fault(name, f"has {key!r} with a value that is no list")
            found[key] = [self._string(name, item) for item in items]
        return found

    def _string(self, name: str, value: object) -> str:
        if isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        if not isinstance(value, str):
            raise self.fault(name, "is no text")
        return str(value)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."

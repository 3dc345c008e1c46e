"""Which format a YAML document is: go-vcr 2, VCR.py 1, or something that no reader of ours can take."""

from __future__ import annotations

from pathlib import Path

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.cassette.yaml_tree import Items, Node, parse
from pytest_llmcassette.errors import CassetteFileError

_NO_CASSETTE = "Cassettes are go-vcr 2 (`version: 2`) or VCR.py 1 (`version: 1`) files: check the path."


def read(path: Path, raw: bytes) -> list[Interaction]:
    """The interactions in a file's bytes; raises `CassetteFileError` that says what the file is, if not a cassette."""
    root = parse(path, raw)
    if not isinstance(root, Node):
        raise CassetteFileError(path, "this is YAML, but no cassette: it is no mapping", remedy=_NO_CASSETTE)
    version = root.get("version")
    if version is None and _looks_like_vcrpy(root):
        # Some projects' own serializers leave the version out.
        version = "1"
    if version is None:
        raise CassetteFileError(path, "this is no cassette: it has no `version`", line=root.line, remedy=_NO_CASSETTE)
    if version == "2":
        from pytest_llmcassette.cassette.go_vcr_tree import interactions_of

        return interactions_of(path, root)
    if version == "1":
        _refuse_other_kinds(path, root)
        from pytest_llmcassette.cassette.vcrpy import interactions_of as of_vcrpy

        return of_vcrpy(path, root)
    shown = version if isinstance(version, str) else type(version).__name__
    raise CassetteFileError(
        path, f"it is a cassette of version {shown!r}, which is unknown", line=root.line, remedy=_NO_CASSETTE
    )


def _refuse_other_kinds(path: Path, root: Node) -> None:
    """Traffic that is not HTTP, and cassetter's own format, call themselves `version: 1` too."""
    items = root.get("interactions")
    for item in items if isinstance(items, Items) else ():
        if not isinstance(item, Node):
            continue
        if "request" not in item and ("kind" in item or "frames" in item):
            raise _refusal(path, item.line, "recorded WebSocket messages, not HTTP")
        if "request" not in item and any(key.startswith(("request_", "response_")) for key in item):
            raise _refusal(path, item.line, "recorded gRPC calls (as xAI's SDK makes them), not HTTP")
        request = item.get("request")
        body = request.get("body") if isinstance(request, Node) else None
        if "recorded_at" in item or (isinstance(body, Node) and {"type", "content"} <= body.keys()):
            raise _refusal(path, item.line, "a cassette in cassetter's own format")


def _looks_like_vcrpy(root: Node) -> bool:
    items = root.get("interactions")
    first = items[0] if isinstance(items, Items) and items else None
    request = first.get("request") if isinstance(first, Node) else None
    return isinstance(request, Node) and "uri" in request


def _refusal(path: Path, line: int, what: str) -> CassetteFileError:
    return CassetteFileError(path, f"it holds {what}", line=line, remedy="Record those calls again over HTTP.")

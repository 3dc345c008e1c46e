"""Which format a YAML document is: go-vcr 2, VCR.py 1, or something that no reader of ours can take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.cassette.unreadable import Place, UnreadableError, words_for
from pytest_llmcassette.cassette.yaml.fields import shown
from pytest_llmcassette.cassette.yaml.tree import line_of, parse
from pytest_llmcassette.errors import CassetteFileError

_WHAT_IS_READ = "Cassettes are go-vcr 2 (`version: 2`) or VCR.py 1 (`version: 1`) files: check the path."
# Of cassetter's `body: {type: ..., content: ...}`; a JSON request may have both keys itself.
_BODY_TYPES = ("json", "text", "binary")
_AGAIN = "Record those calls again over HTTP, with this plugin."


def read(path: Path, raw: bytes) -> list[Interaction]:
    """The interactions in a file's bytes; raises `CassetteFileError` that says what the file is, if not a cassette."""
    try:
        return _read(raw)
    except UnreadableError as fault:
        where = words_for(fault.place)
        problem = f"{where}: {fault.problem}" if where else fault.problem
        line = fault.line or (line_of(raw, fault.place) if fault.place else None)
        raise CassetteFileError(path, problem, line=line, remedy=fault.remedy) from None


def _read(raw: bytes) -> list[Interaction]:
    root = parse(raw)
    if not isinstance(root, dict):
        raise UnreadableError("this is no cassette but a YAML document without keys", _WHAT_IS_READ)
    _refuse_other_kinds(root)
    version = root.get("version")
    if version is None and "uri" in _first_request(root):
        # Some projects' own serializers leave the version out.
        version = "1"
    if version is None:
        raise UnreadableError("this is no cassette: it has no `version`", _WHAT_IS_READ)
    if version == "2":
        from pytest_llmcassette.cassette.go_vcr.reader import interactions_of

        return interactions_of(root)
    if version == "1":
        if "url" in _first_request(root):
            raise UnreadableError(
                "this is a cassette of go-vcr before v3 (its own version 1)", "Record it again.", place=("version",)
            )
        from pytest_llmcassette.cassette.vcrpy.reader import interactions_of as of_vcrpy

        return of_vcrpy(root)
    raise UnreadableError(f"its version is {shown(version)}, which is unknown", _WHAT_IS_READ, place=("version",))


def _first_request(root: dict[str, Any]) -> dict[str, Any]:
    items = root.get("interactions")
    first = items[0] if isinstance(items, list) and items else None
    request = first.get("request") if isinstance(first, dict) else None
    return request if isinstance(request, dict) else {}


def _refuse_other_kinds(root: dict[str, Any]) -> None:
    """Traffic that is not HTTP, and cassetter's own format, call themselves `version: 1` too."""
    items = root.get("interactions")
    _refuse_if_no_http(root, ())
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if not isinstance(item, dict):
            continue
        place = ("interactions", number)
        _refuse_if_no_http(item, place)
        request = item.get("request")
        body = request.get("body") if isinstance(request, dict) else None
        if "recorded_at" in item or (isinstance(body, dict) and "content" in body and body.get("type") in _BODY_TYPES):
            raise UnreadableError(
                "this is a cassette in cassetter's own format", "Record it again with this plugin.", place=place
            )


def _refuse_if_no_http(item: dict[str, Any], place: Place) -> None:
    if "kind" in item or "frames" in item:
        raise UnreadableError("these are recorded WebSocket messages, not HTTP", _AGAIN, place=place)
    if any(key.startswith(("request_", "response_")) for key in item):
        raise UnreadableError("these are recorded gRPC calls (as xAI's SDK makes them), not HTTP", _AGAIN, place=place)

"""go-vcr v4's cassettes (`version: 2`): the writer, the fast reader of its own layout, and the reader of any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_llmcassette.cassette.formats import Document, Format
from pytest_llmcassette.cassette.go_vcr import fast_reader
from pytest_llmcassette.cassette.model import Interaction


def _sniff(document: Document) -> bool:
    return document.raw.startswith(b"---\nversion: 2\n") or document.root.get("version") == "2"


def _read(document: Document) -> list[Interaction]:
    interactions = fast_reader.read(document.raw)
    if interactions is not None:
        return interactions
    from pytest_llmcassette.cassette.go_vcr.reader import interactions_of

    return interactions_of(document.checked_root())


def _write(interactions: Iterable[Interaction]) -> Iterator[bytes]:
    from pytest_llmcassette.cassette.go_vcr.writer import pieces

    return pieces(interactions)


FORMATS = (
    Format(name="go-vcr", mark="`version: 2`", suffixes=(".yaml", ".yml"), sniff=_sniff, read=_read, write=_write),
)

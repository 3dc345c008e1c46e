"""The formats of cassettes: asked in order whether a file is theirs, and for what is written.

A new format is one module or folder here with a constant `FORMATS` and one line in `_MODULES`. Each is imported when
its turn comes: a suite whose cassettes are all go-vcr's never pays for the others, nor for a YAML parser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.cassette.unreadable import UnreadableError, shown, words_for
from pytest_llmcassette.errors import CassetteFileError

# go-vcr's own layout is told by its first bytes, before anything is parsed; VCR.py takes what calls itself version 1.
_MODULES = ("go_vcr", "messages", "refused", "vcrpy")


class Document:
    """A file's bytes, and what stands in them as YAML or JSON, parsed when a format first asks."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._fault: UnreadableError | None = None

    @cached_property
    def root(self) -> dict[str, Any]:
        """The keys of the document, each value as `cassette.yaml.tree` gives it; none where it cannot be parsed."""
        from pytest_llmcassette.cassette.yaml.tree import parse

        try:
            tree = parse(self.raw)
        except UnreadableError as fault:
            self._fault = fault
            return {}
        if isinstance(tree, dict):
            return tree
        self._fault = UnreadableError("this is no cassette but a YAML document without keys", _what_is_read())
        return {}

    def checked_root(self) -> dict[str, Any]:
        """`root`; raises `UnreadableError` where it cannot be parsed or is no mapping."""
        root = self.root
        if self._fault:
            raise self._fault
        return root


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format. `sniff` never raises; `read` raises `UnreadableError`, `write` gives the file's bytes in pieces."""

    name: str
    sniff: Callable[[Document], bool]
    read: Callable[[Document], list[Interaction]]
    write: Callable[[Iterable[Interaction]], Iterable[bytes]] | None = None
    suffixes: tuple[str, ...] = ()
    """Of the files to look for in a folder, lower case; the first is that of files that are written."""
    mark: str = ""
    """What shows a user that a file is one; empty for what is only known to be refused, and for what few have."""


_registered: dict[str, Format] = {}


def register(added: Format) -> None:
    """Add a format, asked before ours, or replace the one of that name that was added. Call it from a conftest."""
    _registered[added.name] = added


def known() -> Iterator[Format]:
    """All formats, users' own first."""
    yield from _registered.values()
    for name in _MODULES:
        yield from _formats_of(name)


@cache
def _formats_of(name: str) -> tuple[Format, ...]:
    formats: tuple[Format, ...] = import_module(f"pytest_llmcassette.cassette.{name}").FORMATS
    return formats


def suffixes() -> tuple[str, ...]:
    """Of all files that may be cassettes: `(".yaml", ".yml")`."""
    return tuple(dict.fromkeys(suffix for each in known() for suffix in each.suffixes))


def read(path: Path | str, raw: bytes) -> list[Interaction]:
    """The interactions in a file's bytes; raises `CassetteFileError` that says what the file is, if not a cassette."""
    document = Document(raw)
    try:
        for each in known():
            if each.sniff(document):
                return each.read(document)
        raise _unknown(document)
    except UnreadableError as fault:
        where = words_for(fault.place)
        problem = f"{where}: {fault.problem}" if where else fault.problem
        raise CassetteFileError(path, problem, line=fault.line or _line(raw, fault), remedy=fault.remedy) from None


def _line(raw: bytes, fault: UnreadableError) -> int | None:
    from pytest_llmcassette.cassette.yaml.tree import line_of

    return line_of(raw, fault.place) if fault.place else None


def _unknown(document: Document) -> UnreadableError:
    version = document.checked_root().get("version")
    if version is None:
        return UnreadableError("this is no cassette: it has no `version`", _what_is_read())
    return UnreadableError(f"its version is {shown(version)}, which is unknown", _what_is_read(), place=("version",))


def _what_is_read() -> str:
    named = " or ".join(f"{each.name} ({each.mark})" for each in known() if each.mark)
    return f"Cassettes are {named} files: check the path."

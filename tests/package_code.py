"""The package's own code, parsed once for all tests that read it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

PACKAGE = "pytest_llmcassette"
ROOT = Path(__file__).parent.parent / PACKAGE


@functools.cache
def modules() -> dict[str, str]:
    """Every module's name below the package, and its code."""
    return {
        ".".join(part for part in path.relative_to(ROOT).with_suffix("").parts if part != "__init__"): path.read_text(
            "utf-8"
        )
        for path in sorted(ROOT.rglob("*.py"))
    }


def imports(code: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, int]]:
    """Every import and its line, wherever in a module.

    Each begins a line: ruff sees to that. To parse all code takes a second.
    """
    for found in _IMPORT.finditer(code):
        try:
            [node] = ast.parse(found[0].strip()).body
        except SyntaxError:
            # A line of words.
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, code.count("\n", 0, found.start()) + 1


_IMPORT = re.compile(r"^ *(?:from \S+ import (?:\([^)]*\)|.*)|import .*)", re.MULTILINE)


def texts() -> Iterator[str]:
    """Every text in the package's code; of an f-string its fixed parts. From compiled code, which Python keeps."""
    for path in sorted(ROOT.rglob("*.py")):
        yield from _texts_in(SourceFileLoader(path.stem, str(path)).get_code(path.stem))


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, CodeType | tuple | frozenset):
        for inner in value.co_consts if isinstance(value, CodeType) else value:
            yield from _texts_in(inner)

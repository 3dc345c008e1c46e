"""The package's own code, parsed once for all tests that read it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

PACKAGE = "pytest_llmcassette"
ROOT = Path(__file__).parent.parent / PACKAGE


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Every module's name below the package, and its code."""
    return {
        ".".join(part for part in path.relative_to(ROOT).with_suffix("").parts if part != "__init__"): ast.parse(
            path.read_text("utf-8")
        )
        for path in sorted(ROOT.rglob("*.py"))
    }


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement, wherever: a tenth of all nodes."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(tree, block, ()):
            if isinstance(inner, ast.stmt):
                yield inner
            yield from statements(inner)


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

"""The package's own code, parsed once for all tests that read it."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

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

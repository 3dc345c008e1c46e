"""Whose code a frame runs: the user's, or a library's."""

from __future__ import annotations

import os
from functools import lru_cache

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


@lru_cache(maxsize=1024)
def is_of_a_library(path: str) -> bool:
    """Whether the code of this file is installed, Python's own or ours, and so nothing that a test's author wrote."""
    return "site-packages" in path or "dist-packages" in path or path.startswith((OURS, STANDARD_LIBRARY, "<frozen"))

"""freezegun looks into every module there is, which takes its time and loads what is lazy in it."""

from __future__ import annotations

import sys


def others(clients: set[str]) -> list[str]:
    """What it need not look into: all but Python's own modules, the package and these."""
    kept = clients | {"pytest_llmcassette"}
    loaded = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
    # It goes by how a module's name begins.
    return sorted(name for name in loaded if not any(one.startswith(name) for one in kept))

"""Reads the code blocks of the documentation.

How a page says what is to be done with a block:

- `python`, `ini` or `toml` whose first line is a comment that names a file (`# test_x.py: why`): that file. All files
  under one `##` heading make one folder, whose tests are recorded against the embedded provider and replayed offline.
- `python` without a name: a program, run on its own.
- `console`: every line that starts with `$ ` is a command whose options must exist.
- `ini`, `toml`, `yaml`, `json`: must parse; ini options must be pytest's or ours.
- `text`: output. After `<!-- from: FILE -->` it must be found in that file, else it is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "examples" / "provider_suite" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "SECURITY.md",
]

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# ([\w./]+\.(?:py|ini|toml))\b")
_SOURCE = re.compile(r"<!-- from: (\S+) -->\n$")


@dataclass(frozen=True)
class Block:
    page: Path
    section: str
    """The number and words of the `##` heading above it, fit for a folder's name."""
    line: int
    language: str
    text: str
    source: str | None
    """The file that a `text` block quotes."""

    @property
    def file_name(self) -> str | None:
        found = _NAME.match(self.text)
        return found[1] if found else None

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """All code blocks of a page, in order."""
    text = page.read_text("utf-8")
    for fence in _FENCE.finditer(text):
        before = text[: fence.start()]
        headings = re.findall(r"^## (.*)$", re.sub(_FENCE, "", before), re.MULTILINE)
        words = re.sub(r"\W+", "_", headings[-1].lower()).strip("_") if headings else "top"
        found = _SOURCE.search(before)
        yield Block(
            page=page,
            section=f"s{len(headings):02}_{words}",
            line=before.count("\n") + 1,
            language=fence["language"],
            text=fence["text"],
            source=found[1] if found else None,
        )


def all_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks(page)]


def links(page: Path) -> list[str]:
    """The targets of all links to files beside the page."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    return [target.partition("#")[0] for target in found if "://" not in target and not target.startswith("#")]

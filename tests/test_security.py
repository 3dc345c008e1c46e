"""SECURITY.md promises nothing that no test keeps."""

from __future__ import annotations

import re

from doc_blocks import ROOT


def test_each_promise_names_tests_that_exist() -> None:
    promises = (ROOT / "SECURITY.md").read_text("utf-8").partition("## What is promised")[2].partition("\n## ")[0]
    rows = [row for row in promises.splitlines() if row.startswith("|")][2:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named, f"no test keeps this: {row}"
        for file, function in named:
            tests = re.findall(r"^ *(?:async )?def (\w+)", (ROOT / file).read_text("utf-8"), re.MULTILINE)
            assert function in tests if function else any(name.startswith("test_") for name in tests), row

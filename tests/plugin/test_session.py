"""What the processes of one run know of each other, without starting any."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmcassette.errors import CassetteFileError
from pytest_llmcassette.plugin.session import CassetteSession
from pytest_llmcassette.plugin.stash import CLAIMS, RUN_STARTED


def test_two_workers_may_not_write_one_file_whatever_it_is_called(tmp_path: Path) -> None:
    worker: Any = SimpleNamespace(workerinput={CLAIMS: str(tmp_path / "claims"), RUN_STARTED: 0})
    one, two = CassetteSession(worker), CassetteSession(worker)
    target, link = tmp_path / "target.yaml", tmp_path / "link.yaml"
    link.symlink_to(target)
    # A rerun writes it again.
    one.claim_writing(target)
    one.claim_writing(target)
    two.claim_writing(tmp_path / "other.yaml")
    with pytest.raises(CassetteFileError, match="another xdist worker has recorded this cassette"):
        two.claim_writing(link)

"""Totals by model, budgets, and the time of a recording."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.answers.accounting import Budget, dollars, over_budget, recorded_at
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.usage import Usage


def answer(model: str | None = "m", **usage: Any) -> Transcript:
    return Transcript(
        protocol="openai.chat",
        provider="openai",
        stream=False,
        model=model,
        usage=Usage(**usage) if usage else None,
    )


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Budget(input_tokens=30, output_tokens=7, total_tokens=37, cost=Decimal("0.30")), []),
        (
            Budget(input_tokens=29),
            [
                "30 input tokens spent, 29 allowed.\n"
                "  exchange 1 (openai.chat, m): 10\n"
                "  exchange 2 (openai.chat, m): 20"
            ],
        ),
        (
            Budget(output_tokens=6),
            ["7 output tokens spent, 6 allowed.\n  exchange 1 (openai.chat, m): 3\n  exchange 2 (openai.chat, m): 4"],
        ),
        (
            Budget(total_tokens=36),
            ["37 tokens spent, 36 allowed.\n  exchange 1 (openai.chat, m): 13\n  exchange 2 (openai.chat, m): 24"],
        ),
        (
            Budget(cost=Decimal("0.2")),
            ["$0.30 spent, $0.20 allowed.\n  exchange 1 (openai.chat, m): $0.10\n  exchange 2 (openai.chat, m): $0.20"],
        ),
    ],
)
def test_a_budget_is_for_all_exchanges_together(budget: Budget, said: list[str]) -> None:
    spent = [answer(input_tokens=10, output_tokens=3, cost=0.1), answer(input_tokens=20, output_tokens=4, cost=0.2)]
    assert over_budget(spent, budget) == said


def test_a_budget_that_cannot_be_checked_says_why() -> None:
    [tokens] = over_budget([answer()], Budget(input_tokens=5))
    assert "llm_budget(input_tokens=5) cannot be checked: an answer reports no input tokens." in tokens
    assert "exchange 1 (openai.chat, m): not reported" in tokens
    assert "include_usage" in tokens
    [cost] = over_budget([answer("no-such-model", input_tokens=1, output_tokens=1)], Budget(cost=Decimal(1)))
    assert cost.startswith("llm_budget(cost=1) cannot be checked: ")
    assert "no-such-model" in cost


def test_a_cost_that_is_unknown_for_one_reason_gives_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    counts: dict[str, Any] = {"input_tokens": 1, "output_tokens": 1}
    [said] = over_budget([answer(**counts), answer(**counts, cost=0.5)], Budget(cost=Decimal(1)))
    assert said.splitlines() == [
        "llm_budget(cost=1) cannot be checked: genai-prices is not installed. Install the price list: "
        "pip install 'pytest-llmcassette[prices]'.",
        "  exchange 1 (openai.chat, m): unknown",
        "  exchange 2 (openai.chat, m): $0.50",
    ]
    [said] = over_budget([answer(**counts), answer()], Budget(cost=Decimal(1)))
    assert said.startswith("llm_budget(cost=1) cannot be checked: the cost of some exchanges is unknown.\n")
    assert said.count("pip install") == said.count("reports no usage") == 1


def test_an_embedding_has_no_output_and_keeps_any_output_budget() -> None:
    assert over_budget([answer(input_tokens=5, total_tokens=5)], Budget(output_tokens=0, total_tokens=5)) == []


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        ("0", "$0"),
        ("1234.5", "$1,234.50"),
        ("0.5", "$0.50"),
        ("0.25", "$0.25"),
        ("0.0012345", "$0.0012"),
        ("0.000042", "$0.000042"),
    ],
)
def test_dollars(cost: str, shown: str) -> None:
    assert dollars(Decimal(cost)) == shown


class TestRecordedAt:
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        self.git(tmp_path, "init", "-q", "-b", "main")
        return tmp_path

    def git(self, folder: Path, *arguments: str, date: str = "2026-01-02T03:04:05+00:00") -> None:
        who = {
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b.c",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b.c",
        }
        subprocess.run(
            ["git", "-C", str(folder), *arguments],
            check=True,
            capture_output=True,
            env={**who, "PATH": "/usr/bin:/bin", "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
        )

    def commit(self, folder: Path, name: str, text: str, date: str) -> None:
        Path(folder, name).write_text(text)
        self.git(folder, "add", name)
        self.git(folder, "commit", "-q", "-m", name, date=date)

    def test_is_the_files_last_commit(self, repository: Path) -> None:
        self.commit(repository, "a.yaml", "1", "2026-01-02T03:04:05+00:00")
        self.commit(repository, "a.yaml", "2", "2026-02-02T03:04:05+00:00")
        self.commit(repository, "b.yaml", "1", "2026-03-02T03:04:05+00:00")
        assert recorded_at(repository / "a.yaml") == datetime(2026, 2, 2, 3, 4, 5, tzinfo=UTC)

    def test_is_unknown_for_a_new_file_and_outside_a_repository(self, repository: Path, tmp_path: Path) -> None:
        (repository / "new.yaml").write_text("")
        assert recorded_at(repository / "new.yaml") is None
        assert recorded_at(Path("/nowhere/at/all.yaml")) is None

    def test_is_unknown_before_the_start_of_a_shallow_clone(self, repository: Path, tmp_path: Path) -> None:
        self.commit(repository, "a.yaml", "1", "2026-01-02T03:04:05+00:00")
        self.commit(repository, "b.yaml", "1", "2026-02-02T03:04:05+00:00")
        self.git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
        assert recorded_at(tmp_path / "shallow/a.yaml") is None
        assert recorded_at(repository / "a.yaml") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

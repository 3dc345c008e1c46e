"""Records as a run would hand them in."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.report.records import ExchangeRecord, TestRecord

NOW = 1_800_000_000.0
DAY = 86400.0


def exchange(*, live: bool = False, days: float | None = 3, **fields: Any) -> ExchangeRecord:
    """An answered chat of 1,200 input and 34 output tokens, recorded so many days ago."""
    values: dict[str, Any] = {
        "method": "POST",
        "target": "/v1/chat/completions",
        "status": 200,
        "protocol": "openai.chat",
        "provider": "openai",
        "model": "gpt-4o",
        "usage": {"input_tokens": 1200, "output_tokens": 34},
        "recorded_at": None if days is None else NOW - days * DAY,
        "cost": "0.0030",
        "rerecord_cost": "0.0025",
    }
    return ExchangeRecord(live=live, **{**values, **fields})


def record(scenario: str, provider: str | None = None, *exchanges: ExchangeRecord, **fields: Any) -> TestRecord:
    """A test with these exchanges."""
    values: dict[str, Any] = {
        "nodeid": f"tests/test_common.py::test_{scenario}[{provider}]",
        "module": "tests/test_common.py",
        "scenario": scenario,
        "provider": provider,
        "cassette": f"cassettes/{provider}/{scenario}.yaml",
        "exchanges": list(exchanges),
    }
    return TestRecord(**{**values, **fields})

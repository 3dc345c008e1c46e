"""The section at the end of a run, and the matrix as text."""

from __future__ import annotations

import pytest

from pytest_llmcassette.report.dead import Dead
from pytest_llmcassette.report.matrix import State, age, state_of
from pytest_llmcassette.report.records import TestRecord
from pytest_llmcassette.report.red_tests import red_lines
from pytest_llmcassette.report.summary import matrix_lines, summary_lines
from report.made import DAY, NOW, exchange, record


def suite() -> list[TestRecord]:
    return [
        record("simple", "openai", exchange(), exchange()),
        record(
            "simple",
            "kimi",
            exchange(live=True, days=0, model="kimi-k2", cost=None, cost_reason="no price"),
            saved=True,
        ),
        record("simple", "groq", outcome="failed", missing=True),
        record("image", "openai", exchange(days=40), unplayed=2, outcome="failed"),
        record("image", "kimi", outcome="skipped", reason="kimi does not declare vision"),
    ]


def test_counts_and_usage_by_model() -> None:
    assert summary_lines(suite()) == [
        "3 replayed, 1 recorded, 2 unplayed, 1 test(s) without a recording (3 cassettes)",
        "model    answers  input  output     cost",
        "gpt-4o         3  3,600     102  $0.0090",
        "kimi-k2        1  1,200      34  unknown",
        "cost unknown: no price",
    ]


def test_costs_are_left_out_when_nobody_looked_them_up() -> None:
    lines = summary_lines([record("a", None, exchange(cost=None))])
    assert lines == [
        "1 replayed, 0 recorded (1 cassette)",
        "model   answers  input  output",
        "gpt-4o        1  1,200      34",
    ]


def test_why_costs_are_unknown_is_told_to_those_who_asked() -> None:
    unknown = exchange(cost=None, cost_reason="no price list")
    assert summary_lines([record("a", None, unknown)], reasons=False)[1:] == [
        "model   answers  input  output",
        "gpt-4o        1  1,200      34",
    ]
    assert summary_lines([record("a", None, unknown)])[-1] == "cost unknown: no price list"
    other = exchange(model="my-own", cost=None, cost_reason="no price")
    assert summary_lines([record("a", None, exchange(), other)], reasons=False)[1:] == [
        "model   answers  input  output     cost",
        "gpt-4o        1  1,200      34  $0.0030",
        "my-own        1  1,200      34  unknown",
    ]


def test_usage_says_what_it_leaves_out() -> None:
    unread = record("b", None, exchange(protocol=None, usage=None), unread=1)
    assert summary_lines([record("a", None, exchange()), unread])[-1] == (
        "without 1 answer that no test looked at; --cassette-report reads all"
    )
    assert summary_lines([unread]) == ["1 replayed, 0 recorded (1 cassette)"]


def test_a_recording_that_was_not_kept_is_said() -> None:
    lines = summary_lines([record("a", None, exchange(live=True), outcome="failed")])
    assert "1 of the recorded were not kept: their tests failed" in lines


def test_nothing_to_say() -> None:
    assert summary_lines([]) == []
    assert summary_lines([record("a", "p", outcome="skipped")]) == []
    assert summary_lines([record("a", "p", exchange())], quiet=True) == []
    assert summary_lines([record("a", "p", exchange(), unplayed=1)], quiet=True) != []


def test_the_matrix_has_a_cell_for_each_test_and_a_line_for_each_provider() -> None:
    assert matrix_lines(suite(), width=80, now=NOW) == [
        "           image   simple",
        "groq                 miss",
        "kimi        skip  REC now",
        "openai  FAIL 40d    ok 3d",
        "",
        "provider  replayed  recorded  missing  failed  oldest             tokens  re-record",
        "groq             0         0        1       0       -                  -          -",
        "kimi             0         1        0       0     now   1,200 in, 34 out    $0.0025",
        "openai           1         0        0       1     40d  3,600 in, 102 out    $0.0075",
        "skipped: kimi does not declare vision",
    ]


def test_wide_matrices_are_cut_into_bands() -> None:
    records = [record(f"scenario_{number}", "openai", exchange()) for number in range(3)]
    records += [record("scenario_0", "kimi", exchange())]
    lines = matrix_lines(records, width=26, now=NOW)
    assert lines[:8] == [
        "             kimi",
        "scenario_0  ok 3d",
        "",
        "            openai",
        "scenario_0   ok 3d",
        "scenario_1   ok 3d",
        "scenario_2   ok 3d",
        "",
    ]


def test_numbers_in_names_count() -> None:
    lines = matrix_lines([record(name) for name in ("a10", "a2", "b", "a")], width=80, now=NOW)
    assert [line.split(" ")[0] for line in lines[1:5]] == ["a", "a2", "a10", "b"]


def test_several_modules_are_named() -> None:
    lines = matrix_lines([record("a"), record("a", module="tests/test_other.py")], width=80, now=NOW)
    assert [line.split("  ")[0] for line in lines[1:3]] == ["tests/test_common.py: a", "tests/test_other.py: a"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(5, "now"), (300, "5m"), (7200, "2h"), (3 * DAY, "3d"), (59 * DAY, "59d"), (100 * DAY, "3mo"), (800 * DAY, "2y")],
)
def test_age(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


@pytest.mark.parametrize(
    ("made", "state"),
    [
        (record("a", "p", exchange()), State.REPLAYED),
        (record("a", "p", exchange(), exchange(live=True)), State.RECORDED),
        (record("a", "p", exchange(live=True), outcome="failed"), State.FAILED),
        (record("a", "p", outcome="error"), State.FAILED),
        (record("a", "p", outcome="failed", missing=True), State.MISSING),
        (record("a", "p", outcome="skipped"), State.SKIPPED),
        (record("a", "p"), State.UNUSED),
    ],
)
def test_the_word_for_a_cell(made: TestRecord, state: State) -> None:
    assert state_of(made) is state


def test_a_record_survives_the_way_from_a_worker() -> None:
    made = record("a", "p", exchange(model="half \ud83d", asked=[["user", "hi"]], chunks=[[1.5, 10]]))
    back = TestRecord.from_json(made.to_json())
    assert back.exchanges[0].model == "half ?"
    back.exchanges[0].model = made.exchanges[0].model
    assert back == made


@pytest.mark.parametrize(
    ("differs", "advice"),
    [
        (["max_tokens"], 'max_tokens differs; ignore_json = ["max_tokens"] for this suite, or record again'),
        (["input_type"], 'input_type differs; ignore_json = ["input_type"] for this suite, or record again'),
        (
            ["messages[2].content"],
            "messages[*].content differs; record again, or, if it changes by itself, "
            'ignore_json = ["messages[*].content"]',
        ),
        (["system"], 'system differs; record again, or, if it changes by itself, ignore_json = ["system"]'),
        (
            ["session.instructions"],
            "session.instructions differs; record again, or, if it changes by itself, "
            'ignore_json = ["session.instructions"]',
        ),
    ],
)
def test_a_changed_prompt_is_recorded_before_it_is_ignored(differs: list[str], advice: str) -> None:
    red = [record(name, outcome="failed", misses=[["json", differs, ""]]) for name in ("one", "two")]
    assert f"  2 tests: {advice}" in red_lines(red, Dead(), has_baseline=False)


def test_a_message_too_many_is_no_value_to_be_ignored() -> None:
    red = [record(name, outcome="failed", misses=[["request", [], ""]]) for name in ("one", "two")]
    assert "  2 tests: a conversation has other messages, or more or fewer of them; record again" in red_lines(
        red, Dead(), has_baseline=False
    )

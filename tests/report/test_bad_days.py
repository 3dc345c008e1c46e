"""The matrix of tests and faults: on a terminal of 80 columns, on the page, and as JSON."""

from __future__ import annotations

import itertools
import json
from typing import Any

from pytest_llmcassette.report.bad_days import BadDay, as_json, command, counted, matrix_of
from pytest_llmcassette.report.bad_days_text import lines
from pytest_llmcassette.report.page import page
from report.made import NOW


def day(test: str, fault: str, verdict: str, *, asked: str = "", **fields: Any) -> BadDay:
    values: dict[str, Any] = {
        "nodeid": f"tests/test_chat.py::{test}",
        "fault": fault,
        "asked": asked or fault,
        "exchange": 0,
    }
    return BadDay(**{"expects": "notice", **values, "verdict": verdict, **fields})


def quoted(nodeid: str) -> str:
    return f'"{nodeid}"'


def test_of_a_hundred_tests_and_forty_faults_the_worst_are_named_and_the_rest_counted() -> None:
    verdicts = {(0, 39): "hung", (1, 39): "swallowed", (2, 38): "not recovered", (3, 37): "not asserted"}
    days = [
        day(f"test_scenario_number_{test}[anthropic-stream]", f"fault_{fault}", verdicts.get((test, fault), "noticed"))
        for test, fault in itertools.product(range(100), range(40))
    ]
    days += [day(f"test_wide_{number}", "fault_39", "swallowed") for number in range(100)]
    shown = lines(days, width=80, argument=quoted)
    assert len(shown) < 75
    rows = [line for line in shown if line.startswith("fault_3") and "," not in line]
    assert max(map(len, rows)) <= 80
    assert [row.split()[0] for row in rows] == ["fault_39", "fault_38", "fault_37"]
    assert rows[0].split()[1].startswith("S" * 60)
    assert "as expected in every test: fault_0, fault_1, " in "\n".join(shown)
    assert "... and 94 tests more with findings; --cassette-faults-json=FILE has all" in shown
    worst = shown.index("101 swallowed: the test passed although its answer was not whole")
    assert shown[worst + 1 : worst + 3] == [
        "  fault_39, 101 times",
        '    pytest "tests/test_chat.py::test_scenario_number_1[anthropic-stream]" --cassette-faults=fault_39',
    ]
    assert shown[worst + 4].startswith("1 hung: ")


def test_what_is_good_is_said_in_a_few_lines() -> None:
    days = [
        day("test_a", "reset", "noticed"),
        day("test_a", "swap_events", "passes"),
        day("test_b", "reset", "recovered"),
    ]
    assert lines(days, width=80, argument=quoted) == [
        "3 runs of 2 tests under 2 faults: 2 as expected, 1 only shown",
        "",
        "as expected in every test: reset, swap_events",
    ]
    assert lines([], width=80, argument=quoted) == [
        "no test that replays has passed, so that none was taken through a fault"
    ]
    passed_by = [
        "2 tests not taken through faults: conversations (WebSockets, gRPC calls), of",
        "which no fault can be made",
    ]
    assert lines([], width=80, argument=quoted, conversations=2) == passed_by
    assert lines(days, width=80, argument=quoted, conversations=2)[-2:] == passed_by


def test_of_several_exchanges_a_cell_shows_the_worst() -> None:
    days = [
        day("test_a", "reset", "noticed"),
        day("test_a", "reset", "swallowed", asked="reset@1", exchange=1),
        day("test_a", "stall", "hung", known=True),
    ]
    matrix = matrix_of(days)
    assert matrix.faults == ("reset", "stall")
    assert matrix.cells["tests/test_chat.py::test_a", "reset"].asked == "reset@1"
    assert counted(days) == "1 swallowed, 1 known, 1 as expected"
    assert command(matrix.of_test("tests/test_chat.py::test_a")[0], quoted) == (
        'pytest "tests/test_chat.py::test_a" --cassette-faults=reset@1'
    )
    result = as_json(days, quoted, complete=True)
    assert json.loads(json.dumps(result)) == result
    assert [run["verdict"] for run in result["runs"]] == ["swallowed", "hung", "noticed"]
    assert list(result["verdicts"]) == ["swallowed", "hung", "noticed"]


def test_the_page_has_all_of_it_and_no_markup_of_a_recording() -> None:
    days = [day("test_a[<b>]", "reset", "swallowed", detail="<script>"), day("test_b", "reset", "passes")]
    text = page([], title="suite", now=NOW, bad_days=days, argument=quoted)
    assert "1 swallowed, 1 only shown" in text
    assert "<code>pytest &quot;tests/test_chat.py::test_a[&lt;b&gt;]&quot; --cassette-faults=reset</code>" in text
    assert "&lt;script&gt;" in text
    assert "Bad days" not in page([], title="suite", now=NOW)

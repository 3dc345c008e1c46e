"""The report and budgets through pytest, on cassettes written by hand."""

from __future__ import annotations

import json
import re
import sys

import pytest
from plugin.suite import run

from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.protocols import registry

URL = "https://api.openai.com/v1/chat/completions"

CONFTEST = """
import httpx, pytest
from pytest_llmcassette import Provider

def pytest_llmcassette_providers():
    return [Provider(name, base_url="https://api.openai.com/v1", model=name, api_key_env="OPENAI_API_KEY")
            for name in ("gpt-4o", "gpt-4o-mini")]

@pytest.fixture
def ask(llm_provider):
    def ask(question):
        asked = {"model": llm_provider.model, "messages": [{"role": "user", "content": question}]}
        return httpx.post("https://api.openai.com/v1/chat/completions", json=asked)
    return ask
"""

TESTS = """
import pytest
pytestmark = pytest.mark.cassette

def test_hi(ask):
    ask("hi")

@pytest.mark.parametrize("form", ["plain", "stream"])
def test_long(ask, form):
    ask("long " + form)
"""


def record(pytester: pytest.Pytester, name: str, model: str, *questions: str) -> None:
    """A cassette of one chat for each question, each of 1,000 input and 100 output tokens."""
    interactions = []
    for question in questions:
        asked = {"model": model, "messages": [{"role": "user", "content": question}]}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": model,
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": f"<b>{question}</b>"}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }
        request = Request(method="POST", url=URL, body=json.dumps(asked).encode())
        response = Response(headers={"Content-Type": ["application/json"]}, body=json.dumps(answer).encode())
        interactions.append(Interaction(request=request, response=response))
    save(pytester.path / "cassettes/test_suite" / model / f"{name}.yaml", interactions)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_suite=TESTS)
    for model in ("gpt-4o", "gpt-4o-mini"):
        record(pytester, "test_hi", model, "hi")
        record(pytester, "test_long[plain]", model, "long plain")
    record(pytester, "test_long[stream]", "gpt-4o", "long stream")
    return pytester


def section(result: pytest.RunResult) -> list[str]:
    """The lines between the section's heading and the next."""
    text = result.stdout.str().partition(" cassettes -")[2].partition("\n")[2]
    return re.split(r"\n[-=]+ ", text)[0].split("\n")


def test_counts_after_every_run_and_the_matrix_on_request(suite: pytest.Pytester) -> None:
    assert section(run(suite)) == ["5 replayed, 0 recorded, 1 test(s) without a recording (5 cassettes)"]
    lines = section(run(suite, "--cassette-report"))
    assert [line.split() for line in lines[1:4]] == [
        ["model", "answers", "input", "output", "cost"],
        ["gpt-4o", "3", "3,000", "300", "$0.010"],
        ["gpt-4o-mini", "2", "2,000", "200", "$0.00042"],
    ]
    matrix = [re.split(r"\s{2,}", re.sub(r"ok \d+\w+", "ok", line)) for line in lines[5:9]]
    assert matrix == [
        ["", "gpt-4o", "gpt-4o-mini"],
        ["hi", "ok", "ok"],
        ["long[plain]", "ok", "ok"],
        ["long[stream]", "ok", "miss"],
    ]


def test_each_answer_is_read_once_whoever_looks_at_it(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile(
        test_suite="""
        import pytest
        from pytest_llmcassette.answers.equivalence import assert_equivalent

        @pytest.mark.cassette
        @pytest.mark.llm_budget(total_tokens=1100)
        def test_hi(ask, llm_cassette, llm_snapshot):
            ask("hi")
            assert llm_cassette.transcript.text == "<b>hi</b>"
            assert llm_cassette.usage.total_tokens == 1100
            assert_equivalent(llm_cassette, llm_cassette)
            assert llm_cassette == llm_snapshot
            assert llm_cassette.requests == llm_snapshot
        """
    )
    read: list[str] = []
    original = registry.read
    monkeypatch.setattr(registry, "read", lambda one: read.append(one.request.url) or original(one))
    for options in (("--snapshot-update",), ("--cassette-report=page.html",)):
        read.clear()
        run(suite, *options).assert_outcomes(passed=2)
        assert read == [URL, URL], "one answer in each of two tests"


LEFT_OVER = "that no marked test of this run used:"


def left_over(result: pytest.RunResult) -> list[str]:
    """The lines about cassettes that no test used."""
    lines = section(result)
    start = next((number for number, line in enumerate(lines) if line.endswith(LEFT_OVER)), len(lines))
    return [line for line in lines[start:] if line]


class TestLeftOver:
    """What a deleted or renamed test leaves behind is named when a whole run asked for the report."""

    @pytest.mark.parametrize(
        "options",
        [(), pytest.param(("-n2",), marks=pytest.mark.slow), pytest.param((".",), marks=pytest.mark.slow)],
        ids=["alone", "workers", "folder"],
    )
    def test_of_a_whole_run(self, suite: pytest.Pytester, options: tuple[str, ...]) -> None:
        record(suite, "test_gone", "gpt-4o", "gone")
        record(suite, "test_hi", "gone", "hi")
        (suite.path / "cassettes/test_vcrpy.yaml").write_text("interactions: []\nversion: 1\n")
        (suite.path / "cassettes/notes.yml").write_text("a: 1\n")
        in_workers = "-n2" in options
        options = (*options, "--cassette-report")
        result = suite.runpytest_subprocess(*options) if in_workers else run(suite, *options)
        assert left_over(result)[:3] == [
            f"2 cassettes {LEFT_OVER}",
            "  cassettes/test_suite/gone/test_hi.yaml",
            "  cassettes/test_suite/gpt-4o/test_gone.yaml",
        ]

    def test_on_the_page(self, suite: pytest.Pytester) -> None:
        record(suite, "test_gone", "gpt-4o", "gone")
        run(suite, "--cassette-report=page.html")
        assert "cassettes/test_suite/gpt-4o/test_gone.yaml" in (suite.path / "page.html").read_text()

    @pytest.mark.parametrize(
        "options",
        [
            ("-k", "not plain"),
            pytest.param(("-m", "cassette"), marks=pytest.mark.slow),
            ("--deselect=test_suite.py::test_hi",),
            ("-x",),
            pytest.param(("test_suite.py",), marks=pytest.mark.slow),
            ("test_suite.py::test_hi",),
            pytest.param(("sub",), marks=pytest.mark.slow),
        ],
        ids=lambda options: options[0],
    )
    def test_not_where_a_part_of_the_tests_ran(self, suite: pytest.Pytester, options: tuple[str, ...]) -> None:
        suite.mkdir("sub").joinpath("test_other.py").write_text(
            "import pytest, pathlib\nfrom test_suite import *\n"
            "@pytest.fixture\ndef llm_cassette_dir(): return pathlib.Path('../cassettes')\n"
        )
        record(suite, "test_gone", "gpt-4o", "gone")
        assert left_over(run(suite, "--cassette-report", *options)) == []

    def test_what_a_skipped_test_would_use_is_in_use(self, suite: pytest.Pytester) -> None:
        suite.makepyfile(test_suite=TESTS.replace("def test_hi", "@pytest.mark.skip\ndef test_hi"))
        assert left_over(run(suite, "--cassette-report")) == []
        record(suite, "test_gone", "gpt-4o", "gone")
        assert len(left_over(run(suite, "--cassette-report"))) == 2

    def test_not_where_a_skipped_test_does_not_tell(self, suite: pytest.Pytester) -> None:
        own = "\n@pytest.fixture\ndef llm_cassette_name(llm_provider): return llm_provider.name + '/test_hi'\n"
        suite.makepyfile(test_suite=TESTS.replace("def test_hi", "@pytest.mark.skip\ndef test_hi") + own)
        record(suite, "test_gone", "gpt-4o", "gone")
        assert left_over(run(suite, "--cassette-report")) == []


def test_no_section_without_cassettes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass")
    assert " cassettes " not in run(pytester).stdout.str()


@pytest.mark.slow
def test_workers_report_the_same(suite: pytest.Pytester) -> None:
    alone = section(run(suite, "--cassette-report"))
    assert len(alone) > 10
    workers = suite.runpytest_subprocess("-p", "no:cacheprovider", "-W", "ignore", "--cassette-report", "-n2")
    assert section(workers) == alone


def test_the_page_holds_every_conversation(suite: pytest.Pytester) -> None:
    result = run(suite, "--cassette-report=out/report.html")
    result.stdout.fnmatch_lines([f"report: {suite.path / 'out/report.html'}"])
    html = (suite.path / "out/report.html").read_text()
    assert html.count("&lt;b&gt;long plain&lt;/b&gt;") == 2
    assert html.count("&lt;b&gt;long stream&lt;/b&gt;") == 1
    assert "<b>long plain" not in html


def test_an_option_that_has_swallowed_a_path(suite: pytest.Pytester) -> None:
    result = run(suite, "--cassette-report", "test_suite.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--cassette-report takes a file that ends in .html, not 'test_suite.py'*"])


def test_a_page_that_cannot_be_written_is_said(suite: pytest.Pytester) -> None:
    (suite.path / "taken").write_text("")
    run(suite, "--cassette-report=taken/report.html").stdout.fnmatch_lines(
        ["The report could not be written to *taken/report.html: *. Name another file."]
    )


@pytest.mark.parametrize(
    ("arguments", "said"), [((), 0), pytest.param(("-v",), 1, marks=pytest.mark.slow), (("--cassette-report",), 1)]
)
def test_a_recording_run_does_not_ask_for_the_price_list(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: int
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    pytester.makepyfile(
        """
        import httpx, pytest
        from servers.plain import PlainServer

        @pytest.mark.cassette(record_mode="rewrite")
        def test_ask():
            with PlainServer() as server, httpx.Client(verify=False) as client:
                client.post(f"{server.url}/v1/chat/completions", json={"model": "m", "messages": []})
        """
    )
    result = run(pytester, *arguments)
    result.assert_outcomes(passed=1)
    assert "1 recorded" in result.stdout.str()
    assert result.stdout.str().count("cost unknown: genai-prices") == said


class TestBudget:
    def budget(self, suite: pytest.Pytester, limits: str) -> pytest.RunResult:
        suite.makepyfile(
            test_suite=f"""
            import pytest

            @pytest.mark.cassette
            @pytest.mark.llm_budget({limits})
            def test_hi(ask):
                ask("hi")
                ask("ho")
            """
        )
        record(suite, "test_hi", "gpt-4o", "hi", "ho")
        return run(suite, "-k", "not mini")

    @pytest.mark.parametrize(
        "limits",
        [
            "input_tokens=2000",
            pytest.param("output_tokens=200", marks=pytest.mark.slow),
            "total_tokens=2200",
            pytest.param("cost=0.0071", marks=pytest.mark.slow),
        ],
    )
    def test_that_holds(self, suite: pytest.Pytester, limits: str) -> None:
        self.budget(suite, limits).assert_outcomes(passed=1, deselected=1)

    def test_that_is_exceeded(self, suite: pytest.Pytester) -> None:
        result = self.budget(suite, "output_tokens=199, cost=0.006")
        result.assert_outcomes(failed=1, deselected=1)
        result.stdout.fnmatch_lines(
            [
                "Over the budget of this test (llm_budget):",
                "200 output tokens spent, 199 allowed.",
                "  exchange 1 (openai.chat, gpt-4o): 100",
                "  exchange 2 (openai.chat, gpt-4o): 100",
                "$0.0070 spent, $0.0060 allowed.",
                "  exchange 1 (openai.chat, gpt-4o): $0.0035",
            ]
        )

    @pytest.mark.parametrize(
        ("limits", "said"),
        [
            ("tokens=5", "*llm_budget has no limit 'tokens'. Allowed are: input_tokens, output_tokens, *cost.*"),
            ("5", "*llm_budget takes limits by name: *"),
            ("input_tokens='many'", "*llm_budget(input_tokens=...) takes a whole number of tokens, not 'many'.*"),
            ("cost='much'", "*llm_budget(cost=...) takes US dollars as a number, not 'much'.*"),
        ],
    )
    def test_that_makes_no_sense(self, suite: pytest.Pytester, limits: str, said: str) -> None:
        result = self.budget(suite, limits)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([said])

    def test_of_what_no_protocol_reads(self, suite: pytest.Pytester) -> None:
        """Nothing that is paid for passes without a word; what is free does."""
        urls = {
            "https://api.openai.com/v1/fine_tuning/jobs": 1,
            "https://api.openai.com/v1/files": 0,
            "https://api.anthropic.com/v1/messages/count_tokens": 0,
            "https://api.example.com/v1/paint": 0,
        }
        suite.makepyfile(
            test_suite=f"""
            import httpx, pytest

            @pytest.mark.cassette("all")
            @pytest.mark.llm_budget(output_tokens=1, cost=2)
            def test_paid():
                for url in {list(urls)!r}:
                    httpx.post(url, json={{}})

            @pytest.mark.cassette("all", allow_unplayed=True)
            @pytest.mark.llm_budget(output_tokens=1, cost=2)
            def test_free():
                for url in {[url for url, paid in urls.items() if not paid]!r}:
                    httpx.post(url, json={{}})
            """
        )
        asked = [Request(method="POST", url=url, body=b"{}") for url in urls]
        save(
            suite.path / "cassettes/all.yaml",
            [Interaction(request=request, response=Response(body=b"{}")) for request in asked],
        )
        result = run(suite, "--cassette-report")
        result.assert_outcomes(failed=1, passed=1)
        result.stdout.fnmatch_lines(
            [
                "llm_budget(output_tokens=1, cost=2) cannot be checked: no wire protocol reads what these answered.",
                "  POST https://api.openai.com/v1/fine_tuning/jobs",
                "Register a protocol for them (*), or drop this budget.",
            ]
        )
        assert "1 answer that no wire protocol reads (POST /v1/fine_tuning/jobs)" in result.stdout.str()

    def test_of_an_unknown_model(self, suite: pytest.Pytester) -> None:
        conftest = suite.path / "conftest.py"
        conftest.write_text(conftest.read_text().replace('("gpt-4o", ', '("my-own", '))
        record(suite, "test_hi", "my-own", "hi", "ho")
        result = self.budget(suite, "cost=1")
        result.assert_outcomes(failed=1, deselected=1)
        result.stdout.fnmatch_lines(["llm_budget(cost=1) cannot be checked: *has no price for model 'my-own'*"])
        result.stdout.no_fnmatch_line("Over the budget*")
        assert result.stdout.str().count("a newer genai-prices may know it") == 1


def test_a_key_in_a_failure_is_not_on_the_page(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows what went wrong, in the words of whatever library failed."""
    monkeypatch.setenv("SOME_API_KEY", "a-key/0123456789ab")
    pytester.makepyfile(
        """
        import os, pytest

        @pytest.mark.cassette
        def test_fail():
            raise ValueError("cannot use " + os.environ["SOME_API_KEY"])
        """
    )
    run(pytester, "--cassette-report=page.html").assert_outcomes(failed=1)
    page = (pytester.path / "page.html").read_text()
    assert "cannot use REDACTED" in page
    assert "0123456789ab" not in page

"""What the report of a run says, and no more than that: withdrawn snapshots, subtests, the length of a traceback."""

from __future__ import annotations

import dataclasses
import re

import pytest

from plugin.suite import Suite, outcomes, said, slow
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.plugin.options import SWITCHES


def test_every_switch_is_an_ini_option_of_its_type() -> None:
    kinds = {"bool": "bool", "RecordMode": "string", "str": "string", "tuple[str, ...]": "args"}
    fields = {field.name: kinds[str(field.type)] for field in dataclasses.fields(CassetteConfig)}
    # One a line: what splits `args` takes a regular expression's backslashes away.
    fields["secret_patterns"] = "linelist"
    assert {name: kind for name, (kind, _) in SWITCHES.items()} == fields


def test_a_withdrawn_snapshot_is_not_called_generated(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("good", [True, False])
        def test_ask(good, llm_snapshot):
            assert ask(str(good)) == llm_snapshot
            assert good
        """
    )
    result = suite.run("--record-mode=once", "--snapshot-update")
    result.assert_outcomes(passed=1, failed=1)
    assert "1 snapshot failed. 1 snapshot generated." in said(result)
    [file] = suite.path.rglob("*.ambr")
    assert "test_ask[True]" in file.read_text()
    assert "test_ask[False]" not in file.read_text()


SUBTESTS = """
@pytest.mark.cassette
def test_ask(subtests):
    for text in ("a", "b", "c"):
        with subtests.test(text):
            ask(text)
            assert text != os.environ.get("BAD")
"""


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests since 9.0")
def test_a_failed_subtest_costs_the_recording_and_speaks_for_itself(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.test(SUBTESTS)
    monkeypatch.setenv("BAD", "b")
    result = suite.run("--record-mode=once")
    assert outcomes(result)["failed"] == 2
    assert suite.cassettes() == []
    assert said(result).count("recording discarded") == 1

    monkeypatch.delenv("BAD")
    assert suite.run("--record-mode=once").ret == 0
    assert suite.run().ret == 0
    assert suite.server.calls == 6

    suite.test(SUBTESTS.replace('"c"', '"other"'))
    missed = suite.run()
    assert outcomes(missed)["failed"] == 2
    assert "swallowed" not in said(missed)


def test_a_miss_shows_the_line_that_asked_and_no_library(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask():\n    ask('never recorded')\n")
    shown = said(suite.run())
    assert re.search(r"^asking\.py:\d+: RequestNotRecorded", shown, re.MULTILINE)
    assert "site-packages" not in shown.partition("FAILURES")[2]
    assert "recorder.py" not in shown
    assert "recorder.py" in said(suite.run("--full-trace"))


@pytest.mark.parametrize(("name", "file"), [("a:b/c*", "a-b/c-"), ("/etc/x", "etc/x")])
def test_a_name_from_a_fixture_is_made_safe(suite: Suite, name: str, file: str) -> None:
    suite.test(
        f"""
        @pytest.fixture
        def llm_cassette_name(): return {name!r}

        @pytest.mark.cassette
        def test_ask(): ask()
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    assert suite.cassettes() == [f"cassettes/{file}.yaml"]


@pytest.mark.parametrize("name", ["", slow(".."), None, slow(3)])
def test_a_fixture_that_names_no_cassette_is_an_error(suite: Suite, name: object) -> None:
    suite.test(
        f"""
        @pytest.fixture
        def llm_cassette_name(): return {name!r}

        @pytest.mark.cassette
        def test_ask(): ask()
        """
    )
    result = suite.run("--record-mode=once")
    result.assert_outcomes(errors=1)
    assert f"llm_cassette_name must return the cassette's name, not {name!r}" in said(result)


def test_a_name_with_a_field_is_a_cassette_for_each_provider(suite: Suite) -> None:
    suite.file(
        "conftest.py",
        """
        from pytest_llmcassette import Provider

        def pytest_llmcassette_providers():
            return [Provider(name, base_url="http://x", model="m", api_key_env=None) for name in ("one", "two")]
        """,
    )
    suite.test('@pytest.mark.cassette("{provider}/hello")\ndef test_ask(llm_provider): ask(llm_provider.name)\n')
    suite.run("--record-mode=once").assert_outcomes(passed=2)
    assert suite.cassettes() == ["cassettes/one/hello.yaml", "cassettes/two/hello.yaml"]
    suite.run().assert_outcomes(passed=2)
    assert suite.server.calls == 2

"""Mistakes in marks, fixtures and ini files: found before a test runs, told in one line that lists what is allowed."""

from __future__ import annotations

import pytest

from plugin.suite import Suite, outcomes, said, slow


def usage_error(result: pytest.RunResult) -> str:
    """The one line of a usage error."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR, said(result)
    lines = [line for line in said(result).splitlines() if line.startswith("ERROR: ")]
    assert len(lines) == 1, said(result)
    assert "Traceback" not in said(result)
    return lines[0]


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("cassette(recordmode='once')", ["'recordmode'", "record_mode", "allow_unplayed"]),
        ("cassette('a', 'b')", ["one name", "record_mode"]),
        slow("cassette('a', name='b')", ["one name"]),
        ("cassette(record_mode='sometimes')", ["'sometimes'", "none, once, new_episodes, all, rewrite"]),
        ("cassette(match_on=['method', 'headers'])", ["'headers'", "header:NAME"]),
        slow("cassette(match_on='method')", ["match_on", "list"]),
        slow("cassette(match_on=[])", ["match_on"]),
        slow("cassette(ignore_json='a.b')", ["ignore_json", "list"]),
        ("cassette(ignore_json=['a['])", ["a["]),
        slow("cassette(ignore_json=3)", ["ignore_json", "3"]),
        ("cassette(allow_unplayed='yes')", ["allow_unplayed", "True or False"]),
        slow("cassette(timing='slow')", ["timing", "instant"]),
        ("cassette(chunking='words')", ["chunking", "'words'", "random:SEED"]),
        slow("llm_budget(10)", ["llm_budget", "output_tokens"]),
        ("llm_budget(tokens=10)", ["llm_budget", "'tokens'", "output_tokens"]),
        slow("llm_requires", ["llm_requires"]),
        slow("llm_requires(['tools'])", ["llm_requires", "one text each"]),
        ("llm_requires(tools=True)", ["llm_requires", "tools"]),
    ],
)
def test_marks(suite: Suite, mark: str, words: list[str]) -> None:
    suite.test(f"@pytest.mark.{mark}\ndef test_ask(): ask()\n\ndef test_other(): pass\n")
    line = usage_error(suite.run())
    assert "test_it.py::test_ask" in line
    for word in words:
        assert word in line
    assert suite.server.calls == 0


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("llm_budget(output_tokens=10)", ["no cassette", "@pytest.mark.cassette"]),
        ("llm_requires('tools')", ["does not use llm_provider", "Name llm_provider"]),
        slow("cassette\n@pytest.mark.llm_requires('tools')", ["does not use llm_provider"]),
    ],
)
def test_marks_that_would_do_nothing(suite: Suite, mark: str, words: list[str]) -> None:
    suite.test(f"@pytest.mark.{mark}\ndef test_ask(): pass\n")
    line = usage_error(suite.run())
    assert "test_it.py::test_ask" in line
    for word in words:
        assert word in line


def test_a_provider_that_nobody_can_look_into(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture
        def llm_provider(): return None

        @pytest.mark.llm_requires("tools")
        def test_ask(llm_provider): pass
        """
    )
    line = usage_error(suite.run())
    assert "without parameters" in line
    assert "pytest_llmcassette_providers" in line


def test_marks_of_a_module_are_for_those_tests_that_they_mean_something_to(suite: Suite) -> None:
    suite.test(
        """
        pytestmark = [pytest.mark.llm_budget(output_tokens=10), pytest.mark.llm_requires("tools")]

        class TestIt:
            pytestmark = [pytest.mark.llm_budget(input_tokens=10), pytest.mark.llm_requires("vision")]
            def test_plain(self): pass
        """
    )
    suite.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "words"),
    [
        ("llmcassette_record_mode = sometimes", ["'sometimes'", "rewrite"]),
        slow("llmcassette_match_on = method headers", ["'headers'"]),
        slow("llmcassette_timing = slow", ["timing"]),
        ("llmcassette_ignore_json = a[", ["a["]),
        ("llmcassette_allow_unplayed = perhaps", ["perhaps"]),
    ],
)
def test_ini(suite: Suite, ini: str, words: list[str]) -> None:
    suite.file("pytest.ini", f"[pytest]\n{ini}\n")
    suite.test("@pytest.mark.cassette\ndef test_ask(): ask()\n")
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR, said(result)
    for word in (*words, "llmcassette"):
        assert word in said(result)
    assert "INTERNALERROR" not in said(result)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{'recordmode': 'once'}", ["'recordmode'", "record_mode", "llm_cassette_config"]),
        slow("{'record_mode': 'sometimes'}", ["'sometimes'", "llm_cassette_config"]),
        ("'once'", ["dict", "'once'"]),
        slow("{'ignore_json': ['a[']}", ["a[", "llm_cassette_config"]),
    ],
)
def test_the_config_fixture(suite: Suite, value: str, words: list[str]) -> None:
    """A fixture's value is known only when the test is set up, so it is that test's error."""
    suite.test(
        f"""
        @pytest.fixture
        def llm_cassette_config(): return {value}

        @pytest.mark.cassette
        def test_ask(): ask()

        def test_other(): pass
        """
    )
    result = suite.run()
    assert outcomes(result) == {"passed": 1, "errors": 1}
    for word in words:
        assert word in said(result)
    assert "Traceback" not in said(result)
    assert "lifecycle.py" not in said(result)


def test_two_marks_of_two_plugins(suite: Suite) -> None:
    suite.test("@pytest.mark.vcr\n@pytest.mark.cassette\ndef test_ask(): ask()\n")
    line = usage_error(suite.run())
    assert "vcr and cassette" in line


def test_the_plugin_of_the_other_mark_of_this_name(suite: Suite) -> None:
    suite.file("llm_cassette.py", "")
    suite.test("def test_plain(): pass\n")
    result = suite.run("-p", "llm_cassette")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "-p no:llm_cassette" in said(result)
    suite.run("-p", "no:llm_cassette").assert_outcomes(passed=1)


def test_marks_are_known_and_explained(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask(): ask()\n")
    assert suite.run("--strict-markers", "--record-mode=once").ret == 0
    shown = said(suite.run("--markers"))
    for text in ("cassette(name=None, *, record_mode=", "llm_requires(*capabilities)", "llm_budget(*, input_tokens="):
        assert f"@pytest.mark.{text}" in shown


@pytest.mark.slow
def test_neither_respx_nor_syrupy_is_needed(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        def test_ask(llm_cassette): assert ask() == "answer 1"
        """
    )
    for mode in ("once", "none"):
        suite.run_alone(f"--record-mode={mode}", "-p", "no:respx", "-p", "no:syrupy").assert_outcomes(passed=1)
    assert suite.server.calls == 1


def test_llm_snapshot_without_syrupy_says_what_is_missing(suite: Suite) -> None:
    suite.test("def test_ask(llm_snapshot): assert 1 == llm_snapshot\n")
    result = suite.run("-p", "no:syrupy")
    assert outcomes(result) == {"errors": 1}
    assert "syrupy" in said(result)

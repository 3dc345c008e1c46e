"""Record modes from the outside: what goes live, what is written, and which of five places decides."""

from __future__ import annotations

import re
import shlex

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said, slow
from pytest_llmcassette.plugin.naming import FIELDS

pytestmark = ANY_TRANSPORT

TEST = """
@pytest.mark.cassette
def test_ask():
    print("GOT", ask())
"""


def test_a_missing_cassette_gives_the_command_that_records_it(suite: Suite) -> None:
    suite.test(TEST)
    result = suite.run()
    assert outcomes(result) == {"failed": 1}
    assert suite.server.calls == 0
    found = re.search(r"Record it: pytest (.*)", said(result))
    assert found is not None
    assert outcomes(suite.run(*shlex.split(found[1]))) == {"passed": 1}
    assert suite.cassettes() == ["cassettes/test_it/test_ask.yaml"]
    assert outcomes(suite.run()) == {"passed": 1}
    assert suite.server.calls == 1


def test_the_command_names_exactly_one_of_several_parametrised_tests(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.parametrize("text", ["a", "it's $HOME", 'say "hi"'])
        @pytest.mark.cassette
        def test_ask(text):
            ask(text)
        """
    )
    for command in re.findall(r"Record it: pytest (.*)", said(suite.run())):
        assert outcomes(suite.run(*shlex.split(command))) == {"passed": 1}
    assert suite.server.asked == [
        'POST /ask {"say":"a"}',
        'POST /ask {"say":"it\'s $HOME"}',
        'POST /ask {"say":"say \\"hi\\""}',
    ]
    assert outcomes(suite.run()) == {"passed": 3}


ASKS = """
@pytest.mark.cassette{arguments}
def test_ask():
    for text in os.environ.get("TEXTS", "one two").split():
        ask(text)
"""


@pytest.mark.parametrize("mode", ["none", pytest.param("once", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("texts", "arguments", "offered", "live"),
    [
        ("one changed", "", "rewrite", 2),
        pytest.param("changed one two", "", "rewrite", 3, marks=pytest.mark.slow),
        ("one two three", "", "new_episodes", 1),
        slow("one changed", "(allow_unplayed=True)", "new_episodes", 1),
    ],
)
def test_the_command_of_a_miss_leads_to_a_test_that_passes(
    suite: Suite, mode: str, texts: str, arguments: str, offered: str, live: int
) -> None:
    """With a changed prompt new_episodes cannot: the old recording stays unplayed, and the new one is discarded."""
    suite.test(ASKS.format(arguments=arguments))
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.pytester._monkeypatch.setenv("TEXTS", texts)
    missed = suite.run(f"--record-mode={mode}")
    missed.assert_outcomes(failed=1)
    [command] = re.findall(r"Record it: pytest (.*)", said(missed))
    assert shlex.split(command) == ["test_it.py::test_ask", f"--record-mode={offered}"]
    calls = suite.server.calls
    suite.run(*shlex.split(command)).assert_outcomes(passed=1)
    assert suite.server.calls - calls == live
    suite.run().assert_outcomes(passed=1)


def test_what_a_teardown_will_play_is_not_unplayed_yet(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture
        def upload():
            yield
            ask("delete")

        @pytest.mark.cassette
        def test_ask(upload):
            for text in os.environ.get("TEXTS", "one").split():
                ask(text)
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.pytester._monkeypatch.setenv("TEXTS", "one two")
    [command] = re.findall(r"Record it: pytest (.*)", said(suite.run()))
    assert "new_episodes" in command
    suite.run(*shlex.split(command)).assert_outcomes(passed=1)


def test_modes_on_a_recorded_test(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        def test_ask():
            for text in ("one", "two"):
                print("GOT", ask(text))
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    got = ["answer 1", "answer 2"]
    for mode in ("none", "once", "new_episodes"):
        replayed = suite.run(f"--record-mode={mode}", "-s")
        replayed.assert_outcomes(passed=1)
        assert re.findall(r"GOT (answer \d)", said(replayed)) == got, mode
        assert suite.server.calls == 2, mode
    for number, mode in enumerate(("all", "rewrite"), 2):
        got = [f"answer {2 * number - 1}", f"answer {2 * number}"]
        for arguments in ((f"--record-mode={mode}", "-s"), ("-s",)):
            result = suite.run(*arguments)
            result.assert_outcomes(passed=1)
            assert re.findall(r"GOT (answer \d)", said(result)) == got, mode
            assert suite.server.calls == 2 * number, mode


def test_new_episodes_appends_and_once_does_not(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        def test_ask():
            for text in os.environ.get("TEXTS", "one").split():
                print("GOT", ask(text))
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.pytester._monkeypatch.setenv("TEXTS", "one two")
    once = suite.run("--record-mode=once")
    once.assert_outcomes(failed=1)
    assert "new_episodes" in said(once)
    suite.run("--record-mode=new_episodes").assert_outcomes(passed=1)
    assert suite.server.asked == ['POST /ask {"say":"one"}', 'POST /ask {"say":"two"}']
    result = suite.run("-s")
    assert re.findall(r"GOT (answer \d)", said(result)) == ["answer 1", "answer 2"]


def test_all_says_what_it_has_left_in_the_file(suite: Suite) -> None:
    suite.test(ASKS.format(arguments=""))
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    assert "still holds" not in said(suite.run("--record-mode=all"))
    suite.pytester._monkeypatch.setenv("TEXTS", "one changed")
    result = suite.run("--record-mode=all")
    result.assert_outcomes(passed=1)
    shown = said(result)
    assert (
        "cassettes/test_it/test_ask.yaml still holds 1 interaction that test_it.py::test_ask did not ask for" in shown
    )
    suite.run().assert_outcomes(failed=1)
    [command] = re.findall(r"To drop it: pytest (.*)", shown)
    assert "still holds" not in said(suite.run(*shlex.split(command)))
    suite.run().assert_outcomes(passed=1)


def test_what_all_leaves_where_it_may_stay_unplayed_is_fine(suite: Suite) -> None:
    suite.test(ASKS.format(arguments="(allow_unplayed=True)"))
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.pytester._monkeypatch.setenv("TEXTS", "one")
    assert "still holds" not in said(suite.run("--record-mode=all"))
    suite.run().assert_outcomes(passed=1)


SHOWS_MODE = """
import pytest

@pytest.fixture
def llm_cassette_config():
    return {fixture}

@pytest.mark.cassette({outer})
class TestIt:
    @pytest.mark.cassette(allow_no_calls=True{inner})
    def test_mode(self, llm_cassette):
        print("MODE", llm_cassette.mode)
"""


@pytest.mark.parametrize(
    ("command_line", "inner", "outer", "fixture", "ini", "expected"),
    [
        slow([], None, None, None, None, "none"),
        ([], None, None, None, "once", "once"),
        ([], None, None, "all", "once", "all"),
        ([], None, "rewrite", "all", "once", "rewrite"),
        ([], "new_episodes", "rewrite", "all", "once", "new_episodes"),
        (["--record-mode=none"], "new_episodes", "rewrite", "all", "once", "none"),
        (["--record-mode=once", "--llmcassette-record-mode=all"], "none", None, None, None, "all"),
        slow(["--record-mode", "rewrite"], None, None, None, None, "rewrite"),
        (["--record-mode", "none"], "all", None, None, None, "none"),
        slow(["--llmcassette-record-mode", "none", "--record-mode", "all"], None, None, None, None, "none"),
    ],
)
def test_who_decides_on_the_mode(
    suite: Suite,
    command_line: list[str],
    inner: str | None,
    outer: str | None,
    fixture: str | None,
    ini: str | None,
    expected: str,
) -> None:
    suite.file(
        "test_mode.py",
        SHOWS_MODE.format(
            inner=f", record_mode={inner!r}" if inner else "",
            outer=f"record_mode={outer!r}" if outer else "",
            fixture=f"{{'record_mode': {fixture!r}}}" if fixture else "{}",
        ),
    )
    if ini:
        suite.file("pytest.ini", f"[pytest]\nllmcassette_record_mode = {ini}\n")
    result = suite.run("-s", *command_line)
    result.assert_outcomes(passed=1)
    assert f"MODE {expected}\n" in said(result)


def test_a_word_after_the_flag_is_a_mode_and_what_follows_a_file(suite: Suite) -> None:
    """pytest parses the command line once before the flag exists."""
    suite.test(TEST, "test_one.py")
    suite.test(TEST, "sub/test_two.py")
    suite.file("sub/conftest.py", "print('SUB CONFTEST')\n")
    result = suite.run("--record-mode", "once", "sub/test_two.py", "-s")
    result.assert_outcomes(passed=1)
    assert "SUB CONFTEST" in said(result)
    assert suite.cassettes() == ["sub/cassettes/test_two/test_ask.yaml"]


@pytest.mark.parametrize("flag", ["--record-mode", "--llmcassette-record-mode"])
def test_a_mode_that_does_not_exist_is_an_error_of_one_line(suite: Suite, flag: str) -> None:
    suite.test(TEST)
    result = suite.run(f"{flag}=sometimes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    [line] = [line for line in said(result).splitlines() if "sometimes" in line]
    assert flag in line
    assert "none, once, new_episodes, all, rewrite" in line


NEIGHBOUR = """
def pytest_addoption(parser):
    parser.getgroup("neighbour").addoption("--record-mode", default=None, choices=["none", "rewrite", "verify"])
"""


def test_a_mode_that_only_a_neighbour_knows_replays(suite: Suite) -> None:
    suite.file("neighbour.py", NEIGHBOUR)
    suite.test("@pytest.mark.cassette(record_mode='all')\ndef test_ask(): ask()\n\ndef test_theirs(): pass\n")
    suite.run("-p", "neighbour", "--record-mode=rewrite").assert_outcomes(passed=2)
    result = suite.run("-p", "neighbour", "--record-mode=verify")
    result.assert_outcomes(passed=2)
    assert suite.server.calls == 1
    assert (
        said(result).count("--record-mode=verify is another plugin's mode: 1 test of pytest-llmcassette ran with") == 1
    )
    # Nothing to say where it concerns no test of ours, or where ours has its own flag.
    assert "verify is" not in said(suite.run("-p", "neighbour", "--record-mode=verify", "-k", "theirs"))
    own = suite.run("-p", "neighbour", "--record-mode=verify", "--llmcassette-record-mode=rewrite")
    own.assert_outcomes(passed=2)
    assert suite.server.calls == 2
    assert "verify is" not in said(own)
    assert suite.run("-p", "neighbour", "--record-mode=sometimes").ret == pytest.ExitCode.USAGE_ERROR


def test_the_flag_says_what_it_is_in_the_help(suite: Suite) -> None:
    shown = said(suite.run("--help"))
    assert re.search(r"^\s+--record-mode=MODE", shown, re.MULTILINE)
    assert re.search(r"^\s+--llmcassette-record-mode=MODE", shown, re.MULTILINE)
    [path] = re.findall(r"^\s+llmcassette_path \(string\):(.*?)^\s+llmcassette_", shown, re.MULTILINE | re.DOTALL)
    for field in FIELDS:
        assert f"{{{field}}}" in path


def test_no_trace_when_blocked(suite: Suite) -> None:
    suite.test("def test_plain(): pass")
    suite.run("-p", "no:llmcassette").assert_outcomes(passed=1)
    assert suite.run("-p", "no:llmcassette", "--record-mode=once").ret == pytest.ExitCode.USAGE_ERROR


def test_a_key_that_is_refused_is_one_line(suite: Suite) -> None:
    suite.test(
        """
        import httpx

        @pytest.mark.cassette
        @pytest.mark.parametrize("n", range(2))
        def test_ask(n):
            with httpx.Client(verify=False) as client:
                client.get(os.environ["SERVER"] + "/refused").raise_for_status()
        """
    )
    result = suite.run("--record-mode=once")
    result.assert_outcomes(failed=2)
    assert suite.cassettes() == []
    [line] = [line for line in said(result).splitlines() if "recorded" in line and not line.startswith("E ")]
    assert line.startswith("2 tests not recorded: ")
    assert "answered 401" in line
    assert "red tests" not in said(result)

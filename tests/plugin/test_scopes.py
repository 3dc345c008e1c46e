"""When a cassette is in force: fixtures of all scopes, teardowns, tests without the mark."""

from __future__ import annotations

import re

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said, slow

pytestmark = ANY_TRANSPORT

FILE = "cassettes/test_it/test_ask.yaml"


def test_a_function_fixture_is_a_part_of_the_test(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture(autouse=True)
        def first(): ask("autouse")

        @pytest.fixture
        def resource():
            ask("create")
            yield
            ask("delete")

        @pytest.mark.cassette
        def test_ask(resource, llm_cassette):
            ask("use")
            assert len(llm_cassette.interactions) == 3
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    assert [asked.rpartition('":"')[2].rstrip('"}') for asked in suite.server.asked] == [
        "autouse",
        "create",
        "use",
        "delete",
    ]
    text = (suite.path / FILE).read_text()
    assert text.count("phase: teardown") == 1
    assert "delete" in text[: text.index("phase: teardown")].rpartition("- id:")[2]
    suite.run().assert_outcomes(passed=1)
    assert suite.server.calls == 4


TEARDOWN = """
import contextlib

@pytest.fixture
def resource():
    yield
    {teardown}

@pytest.mark.cassette
def test_ask(resource):
    ask("use")
"""


def test_what_a_teardown_does_not_play_is_an_error_of_the_teardown(suite: Suite) -> None:
    two = TEARDOWN + '\n@pytest.mark.cassette\ndef test_more(resource): ask("more")\n'
    suite.test(two.format(teardown="ask('delete')"))
    suite.run("--record-mode=once").assert_outcomes(passed=2)
    suite.test(two.format(teardown=""))
    result = suite.run()
    assert outcomes(result) == {"passed": 2, "errors": 2}
    assert "while its fixtures were torn down" in said(result)
    assert "2 tests: 2 files hold 2 interactions that no test asks for" in said(result)


@pytest.mark.parametrize("teardown", [slow("ask('other')"), "with contextlib.suppress(BaseException): ask('other')"])
def test_a_miss_in_a_teardown_is_an_error_of_the_teardown(suite: Suite, teardown: str) -> None:
    suite.test(TEARDOWN.format(teardown=""))
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.test(TEARDOWN.format(teardown=teardown))
    result = suite.run()
    assert outcomes(result) == {"passed": 1, "errors": 1}
    assert "has no recording for" in said(result)


def test_a_miss_in_a_setup_is_one_error(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture
        def resource():
            ask("not recorded")

        @pytest.mark.cassette
        def test_ask(resource): pass
        """
    )
    result = suite.run()
    assert outcomes(result) == {"errors": 1}
    assert "swallowed" not in said(result)


@pytest.mark.parametrize("scope", ["function", "module"])
def test_misses_of_a_task_group_in_a_setup_are_said_to_every_test(suite: Suite, scope: str) -> None:
    """They come in a group, which is no Exception either."""
    suite.test(
        f"""
        @pytest.fixture(scope="{scope}")
        def resource():
            try:
                ask("not recorded")
            except BaseException as miss:
                raise BaseExceptionGroup("unhandled errors in a TaskGroup", [miss])

        @pytest.mark.cassette
        def test_ask(resource): pass

        @pytest.mark.cassette
        def test_again(resource): pass
        """
    )
    result = suite.run()
    assert outcomes(result) == {"errors": 2}
    _, *errors = re.split("^_+ ERROR at setup of ", said(result), flags=re.MULTILINE)
    assert len(errors) == 2
    assert all(re.search(r"pytest_llmcassette\.Request(Refused|NotRecorded): ", error) for error in errors)


AFTERWARDS = """
@pytest.fixture
def first():
    yield
    {first}

@pytest.fixture
def resource():
    yield
    {teardown}

class TestFirst:
    @pytest.mark.cassette
    def test_ask(self, first, resource, request):
        request.addfinalizer(lambda: {finalizer})
        ask("use")

@pytest.fixture
def own(request):
    return request.node.name

@pytest.mark.cassette
def test_next(own):
    assert own == "test_next"
    ask("{next}")
"""


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param({"teardown": "ask('changed')"}, marks=pytest.mark.slow),
        slow({"finalizer": "ask('changed')"}),
        {"teardown": "ask('changed')", "first": "ask('changed')"},
    ],
    ids=["fixture", "finalizer", "two"],
)
def test_a_miss_in_a_teardown_leaves_the_next_test_its_cassette(suite: Suite, stop: dict[str, str]) -> None:
    fine = {"teardown": "pass", "first": "pass", "finalizer": "None", "next": "as recorded"}
    suite.test(AFTERWARDS.format_map(fine))
    suite.run("--record-mode=once").assert_outcomes(passed=2)
    calls = suite.server.calls
    suite.test(AFTERWARDS.format_map(fine | stop))
    assert outcomes(suite.run()) == {"passed": 2, "errors": 1}
    suite.test(AFTERWARDS.format_map(fine | stop | {"next": "changed"}))
    assert outcomes(suite.run()) == {"passed": 1, "failed": 1, "errors": 1}
    assert suite.server.calls == calls


def test_after_a_teardown_that_pytest_gives_up_no_test_goes_live(suite: Suite) -> None:
    """It ends in no Exception, and is not ours to mend."""
    suite.test(
        """
        import asyncio

        @pytest.fixture
        def resource():
            yield
            raise asyncio.CancelledError

        @pytest.mark.cassette
        def test_ask(resource): ask()

        @pytest.mark.cassette
        def test_next(): ask()
        """
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"passed": 1, "failed": 1, "errors": 1}
    assert "Mend that teardown first" in said(result)
    assert suite.server.calls == 1


def test_a_client_of_session_scope_uses_the_cassette_of_the_test_that_runs(suite: Suite) -> None:
    suite.test(
        """
        import httpx

        @pytest.fixture(scope="session")
        def client():
            with httpx.Client(base_url=os.environ["SERVER"], verify=False) as client:
                yield client

        @pytest.mark.cassette
        @pytest.mark.parametrize("n", range(3))
        def test_ask(client, n):
            assert client.post("/ask", json={"n": n}).text == f"answer {n + 1}"

        def test_unmarked(client):
            print("GOT", client.get("/live").text)
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=4)
    assert suite.server.calls == 4
    suite.run().assert_outcomes(passed=4)
    assert suite.server.calls == 5


def test_a_test_without_the_mark_is_left_alone(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture(scope="session")
        def shared(): return ask("session")

        def test_plain(shared): assert ask() == "answer 2"
        """
    )
    suite.run().assert_outcomes(passed=1)
    assert suite.server.calls == 2
    assert suite.cassettes() == []


def test_a_session_fixture_set_up_by_an_unmarked_test_serves_a_marked_one(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture(scope="session")
        def shared(): return ask("session")

        def test_first(shared): pass

        @pytest.mark.cassette
        def test_ask(shared): assert ask() == "answer 2"
        """
    )
    suite.run("--record-mode=once").assert_outcomes(passed=2)
    suite.run().assert_outcomes(passed=2)
    assert suite.server.calls == 3


@pytest.mark.parametrize(
    ("body", "teardown", "mode"),
    [
        ("ask('use')", "ask('delete'); ask('more')", "new_episodes"),
        ("ask('use')", "ask('other')", "rewrite"),
        # What is recorded for the teardown is still to come.
        ("ask('use'); ask('more')", "ask('delete')", "new_episodes"),
        ("ask('changed')", "ask('delete')", "rewrite"),
    ],
)
def test_the_advice_of_a_miss_knows_what_is_recorded_for_the_teardown(
    suite: Suite, body: str, teardown: str, mode: str
) -> None:
    suite.test(TEARDOWN.format(teardown="ask('delete')"))
    suite.run("--record-mode=once").assert_outcomes(passed=1)
    suite.test(TEARDOWN.format(teardown=teardown).replace('ask("use")', body))
    assert set(re.findall(r"--record-mode=(\w+)", said(suite.run()))) == {mode}


def test_setup_only_records_nothing(suite: Suite) -> None:
    """Its file would lack what the test itself asks."""
    suite.test(
        """
        @pytest.fixture
        def uploaded(): ask("upload")

        @pytest.mark.cassette
        def test_ask(uploaded): ask()
        """
    )
    suite.run("--setup-only", "--record-mode=once")
    assert suite.server.calls == 1
    assert suite.cassettes() == []

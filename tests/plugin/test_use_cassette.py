"""`use_cassette` in a pytest test: the test's settings, the test's verdict."""

from __future__ import annotations

from textwrap import dedent

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said
from pytest_llmcassette.cassette.files import load

pytestmark = ANY_TRANSPORT

INI = """
[pytest]
llmcassette_match_on = method path
"""


def write(suite: Suite, text: str) -> None:
    """A test module that can `ask`, and `use_cassette`."""
    suite.test("from pytest_llmcassette import use_cassette\n" + dedent(text))


def bodies(suite: Suite, file: str = "x.yaml") -> list[str]:
    return [(one.response.body or one.frames[-1].data).decode() for one in load(suite.path / file)]


def test_the_tests_settings_apply(suite: Suite) -> None:
    """Command line before argument, argument before mark, mark before fixture, fixture before ini."""
    suite.file("pytest.ini", INI)
    write(
        suite,
        """
        @pytest.fixture
        def llm_cassette_config():
            return {"ignore_json": ["say"], "allow_repeats": True}

        def test_ini(): # A path is relative to the working directory, as ever.
            with use_cassette("x.yaml") as it:
                ask("hi", path="/other")
            assert it.mode == os.environ["MODE"]

        def test_argument():
            with use_cassette("argument.yaml", match_on=["method", "path", "body"], record_mode="new_episodes") as it:
                ask("hello " + os.environ["MODE"])
            assert it.mode == os.environ["MODE"]
            assert it._recorder.config.ignore_json == ("say",)

        @pytest.mark.cassette(ignore_json=["said"], allow_unplayed=True, allow_no_calls=True)
        def test_mark(llm_cassette):
            with use_cassette("mark.yaml", allow_unplayed=False) as it:
                ask("mark")
            config = it._recorder.config
            assert (config.ignore_json, config.allow_unplayed, config.allow_repeats) == (("said",), False, True)
            assert llm_cassette != it
            assert not llm_cassette.requests
        """,
    )
    for mode in ("once", "none"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MODE", mode)
            result = suite.run(f"--record-mode={mode}")
        assert outcomes(result) == {"passed": 3}, said(result)
    assert suite.server.calls == 3


def test_the_recording_is_kept_with_the_tests_own_verdict(suite: Suite) -> None:
    write(
        suite,
        """
        def test_passes():
            with use_cassette("passes.yaml") as it:
                ask()
            assert os.path.exists("passes.yaml") is (it.mode == "none")

        def test_fails_later():
            with use_cassette("fails.yaml"):
                ask()
            assert False

        def test_error_in_the_block_that_is_expected():
            with pytest.raises(KeyError), use_cassette("raises.yaml"):
                ask()
                raise KeyError

        @pytest.mark.xfail
        def test_xfailed():
            with use_cassette("xfailed.yaml"):
                ask()
            assert False

        @pytest.fixture
        def asked():
            with use_cassette("fixture.yaml") as it:
                ask()
                yield it
                ask("bye")

        def test_in_a_fixture(asked):
            assert len(asked.requests) == 1

        @pytest.fixture
        def teardown():
            yield
            with use_cassette("teardown.yaml"):
                ask()

        def test_in_a_teardown(teardown):
            pass

        def test_snapshot_is_old(llm_snapshot):
            with use_cassette("old.yaml") as it:
                ask()
            assert it == llm_snapshot
        """,
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"passed": 4, "failed": 2, "xfailed": 1}
    names = ("fixture", "old", "passes", "raises", "teardown", "xfailed")
    assert suite.cassettes() == [f"{name}.yaml" for name in names]
    [line] = [line for line in said(result).splitlines() if "recording discarded" in line]
    assert "test_fails_later" in line
    assert "fails.yaml" in line
    assert len(bodies(suite, "fixture.yaml")) == 2
    calls = suite.server.calls
    result = suite.run("--snapshot-update")
    assert outcomes(result) == {"passed": 5, "failed": 1, "xfailed": 1}, said(result)
    assert suite.server.calls == calls
    assert "1 snapshot" in said(result)


def test_entering_a_path_again_replays_what_is_pending(suite: Suite) -> None:
    write(
        suite,
        """
        def test_again():
            with use_cassette("x.yaml"):
                first = ask()
            with use_cassette("x.yaml"):
                assert ask() == first

        def test_more():
            with use_cassette("more.yaml"):
                first = ask()
            with use_cassette("more.yaml"):
                assert ask() == first
                if os.environ.get("MORE"):
                    ask("more")
        """,
    )
    for mode in ("once", "rewrite", "all", "none"):
        assert outcomes(suite.run(f"--record-mode={mode}")) == {"passed": 2}
    assert suite.server.calls == 6
    assert bodies(suite) == ["answer 5"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MORE", "1")
        result = suite.run("-k", "more")
        assert outcomes(result) == {"failed": 1, "deselected": 1}
        assert 'use_cassette("more.yaml") in test_it.py::test_more' in said(result)
        assert outcomes(suite.run("-k", "more", "--record-mode=new_episodes")) == {"passed": 1, "deselected": 1}
    assert bodies(suite, "more.yaml") == ["answer 6", "answer 7"]


def test_misses_and_unplayed_interactions_end_at_the_users_line(suite: Suite) -> None:
    write(
        suite,
        """
        def test_ask():
            with use_cassette("x.yaml"):
                ask()
                if os.environ.get("CHANGED") != "less":
                    ask("two" + os.environ.get("CHANGED", ""))

        @pytest.mark.xfail
        def test_no_expected_failure():
            with use_cassette("missing.yaml"):
                ask()

        def test_swallowed():
            with pytest.raises(BaseException), use_cassette("missing.yaml"):
                ask()

        @pytest.fixture
        def around():
            with use_cassette("around.yaml"):
                yield

        def test_stops(around):
            ask()
            assert not os.environ.get("CHANGED"), "for a reason of its own"
            ask("two")
        """,
    )
    suite.run("-k", "ask or stops", "--record-mode=once").assert_outcomes(passed=2, deselected=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHANGED", "changed")
        result = suite.run("--tb=short")
        text = said(result)
        # What a test that failed has not come to is not told by its fixtures.
        assert outcomes(result) == {"failed": 4}
        assert ["Record it", 'pytest "test_it.py::test_ask" --record-mode=rewrite'][1] in text
        assert "httpcore" not in text
        assert "context.py" not in text
        assert text.count("The code under test swallowed this") == 1
        patch.setenv("CHANGED", "less")
        result = suite.run("-k", "test_ask", "--tb=short", "--cassette-report")
        assert "did not ask for" in said(result)
        assert "context.py" not in said(result)
        assert "1 replayed, 0 recorded, 1 unplayed" in said(result)


def test_a_marked_test_whose_calls_went_to_an_inner_cassette(suite: Suite) -> None:
    """It has called; what its own cassette holds is unplayed all the same."""
    write(
        suite,
        """
        @pytest.mark.cassette
        def test_ask():
            if os.environ.get("OWN"):
                ask("own")
            with use_cassette("x.yaml") as it:
                ask()
            assert len(it.requests) == 1

        @pytest.fixture
        def around():
            with use_cassette("around.yaml"):
                yield

        def test_within(around):
            with use_cassette("within.yaml"):
                ask()
        """,
    )
    result = suite.run("--record-mode=once", "--cassette-report")
    assert outcomes(result) == {"passed": 2}, said(result)
    assert "0 replayed, 2 recorded (2 cassettes)" in said(result)
    assert suite.cassettes() == ["within.yaml", "x.yaml"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OWN", "1")
        assert outcomes(suite.run("--record-mode=once")) == {"passed": 2}
    result = suite.run()
    assert outcomes(result) == {"failed": 1, "passed": 1}
    assert "holds 1 interaction that test_it.py::test_ask did not ask for" in said(result)


@pytest.mark.slow
def test_decorated(suite: Suite) -> None:
    """Fixtures and parameters still reach a decorated test, and each call opens the cassette anew."""
    write(
        suite,
        """
        import asyncio
        import httpx

        @pytest.mark.parametrize("say", ["a", "b"])
        @use_cassette("x.yaml", allow_unplayed=True, ignore_json=["say"])
        def test_function(say, tmp_path):
            assert ask(say).startswith("answer")

        @use_cassette("helper.yaml")
        def helper():
            return ask("helper")

        def test_twice():
            assert helper() == helper()

        @use_cassette("coroutine.yaml")
        async def coroutine(text):
            async with httpx.AsyncClient(verify=False) as client:
                await asyncio.sleep(0.01)
                return (await client.post(os.environ["SERVER"] + "/ask", json={"say": text})).text

        async def at_once():
            return await asyncio.gather(coroutine("a"), coroutine("a"))

        def test_coroutine():
            first = asyncio.run(coroutine("a"))
            assert asyncio.run(at_once()) == [first, first]

        @pytest.fixture
        @use_cassette("fixture.yaml")
        def asked(tmp_path):
            yield ask("fixture")

        def test_fixture(asked):
            assert asked.startswith("answer")

        @use_cassette("stream.yaml")
        async def stream():
            yield await coroutine.__wrapped__("one")
            yield await coroutine.__wrapped__("two")

        def test_stream():
            async def all():
                return [one async for one in stream()]
            assert len(asyncio.run(all())) == 2

        def test_class():
            with pytest.raises(TypeError, match="mark the class"):
                @use_cassette("x.yaml")
                class TestIt: pass
        """,
    )
    assert outcomes(suite.run("--record-mode=once")) == {"passed": 7}
    calls = suite.server.calls
    result = suite.run()
    assert outcomes(result) == {"passed": 7}, said(result)
    assert suite.server.calls == calls


def test_cassettes_by_name(suite: Suite) -> None:
    write(
        suite,
        """
        def test_ask(llm_cassettes):
            with llm_cassettes.use_cassette("one.yaml") as it:
                ask("one")
            assert it.path == llm_cassettes.folder / "one.yaml"
            with llm_cassettes("deep/{test}"):
                ask("two")

        @pytest.mark.parametrize("name", ["", "/etc/x", None])
        def test_wrong_names(llm_cassettes, name):
            with pytest.raises(Exception, match="takes a cassette's name"):
                llm_cassettes(name)

        @pytest.mark.cassette("one")
        def test_the_same_name_in_a_mark():
            ask("one")
        """,
    )
    assert outcomes(suite.run("--record-mode=once")) == {"passed": 5}
    assert suite.cassettes() == ["cassettes/deep/test_ask.yaml", "cassettes/one.yaml"]
    assert suite.server.calls == 2
    result = suite.run("--cassette-report")
    assert outcomes(result) == {"passed": 5}
    assert "3 replayed, 0 recorded (2 cassettes)" in said(result)
    assert "that no marked test" not in said(result)


def test_placeholders_in_a_block(suite: Suite) -> None:
    write(
        suite,
        """
        def test_ask():
            assert "OPENAI_API_KEY" not in os.environ
            with use_cassette("x.yaml", allow_no_calls=True):
                assert os.environ["OPENAI_API_KEY"]
                with use_cassette("y.yaml", allow_no_calls=True):
                    pass
                assert os.environ["OPENAI_API_KEY"]
            assert "OPENAI_API_KEY" not in os.environ
        """,
    )
    assert outcomes(suite.run()) == {"passed": 1}


def test_a_wider_fixture_is_no_tests_part(suite: Suite) -> None:
    """Its cassette is written when its block ends, by its own arguments alone."""
    write(
        suite,
        """
        @pytest.fixture(scope="module")
        def wide():
            with use_cassette("x.yaml", record_mode="once") as it:
                ask()
            assert os.path.exists("x.yaml")
            return it

        def test_ask(wide):
            assert wide.mode == "once"
            assert False
        """,
    )
    assert outcomes(suite.run("--record-mode=none")) == {"failed": 1}
    assert suite.cassettes() == ["x.yaml"]

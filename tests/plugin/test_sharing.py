"""Several tests with one cassette, and several processes."""

from __future__ import annotations

import re

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, outcomes, said

SHARED = """
@pytest.mark.cassette("shared")
@pytest.mark.parametrize("n", range(3))
def test_ask(n):
    answers = [ask("one"), ask("two")]
    print("GOT", *answers)
    assert n > 0 or "FAIL" not in os.environ
"""


@ANY_TRANSPORT
def test_each_test_replays_the_whole_file(suite: Suite) -> None:
    suite.test(SHARED)
    suite.run("--record-mode=once").assert_outcomes(passed=3)
    assert suite.server.calls == 2
    assert suite.cassettes() == ["cassettes/shared.yaml"]
    suite.run().assert_outcomes(passed=3)


@pytest.mark.slow
@ANY_TRANSPORT
def test_recording_anew_happens_once(suite: Suite) -> None:
    suite.test(SHARED)
    suite.run("--record-mode=once").assert_outcomes(passed=3)
    for calls, mode in ((4, "rewrite"), (6, "all")):
        result = suite.run(f"--record-mode={mode}", "-s")
        result.assert_outcomes(passed=3)
        assert suite.server.calls == calls
        assert re.findall(r"GOT (.*)", said(result)) == [f"answer {calls - 1} answer {calls}"] * 3


@ANY_TRANSPORT
def test_the_first_that_passes_records(suite: Suite) -> None:
    suite.pytester._monkeypatch.setenv("FAIL", "1")
    suite.test(SHARED)
    result = suite.run("--record-mode=once")
    result.assert_outcomes(passed=2, failed=1)
    assert suite.server.calls == 4
    assert "answer 3" in (suite.path / "cassettes/shared.yaml").read_text()


@ANY_TRANSPORT
def test_tests_that_add_to_a_shared_file(suite: Suite) -> None:
    adding = """
        @pytest.mark.cassette("shared", allow_unplayed=True)
        @pytest.mark.parametrize("text", TEXTS)
        def test_ask(text): ask(text)
        """
    suite.test(adding.replace("TEXTS", '["a", "b"]'))
    suite.run("--record-mode=new_episodes").assert_outcomes(passed=2)
    suite.test(adding.replace("TEXTS", '["a", "b", "c"]'))
    result = suite.run()
    result.assert_outcomes(passed=2, failed=1)
    # They do what is advised already.
    assert "share this cassette" not in said(result)
    assert suite.server.calls == 2


PARTS = """
@pytest.mark.cassette("shared"{switches})
def test_first():
    ask("first")

@pytest.mark.cassette("shared"{switches})
@pytest.mark.parametrize("text", ["first", "second"])
def test_both(text):
    ask("first")
    ask(text + " again")
"""


@ANY_TRANSPORT
def test_tests_that_share_a_file_but_ask_for_different_things_are_told_so(suite: Suite) -> None:
    suite.test(PARTS.format(switches=""))
    recording = suite.run("--record-mode=once")
    recording.assert_outcomes(passed=1, failed=2)
    others = "3 tests of this run share this cassette, and each replays the whole file; the others: test_it.py::test_"
    assert said(recording).count(others) == 2
    # The first replays alone, since the file is its own then.
    suite.run("--record-mode=rewrite", "-k", "both and second").assert_outcomes(passed=1, deselected=2)
    unplayed = said(suite.run("-k", "first"))
    assert "shared.yaml holds 1 interaction that test_it.py::test_first did not ask for" in unplayed
    assert "2 tests of this run share this cassette" in unplayed
    assert "Record it again" not in unplayed
    assert "share this cassette" not in said(suite.run("-k", "test_first"))
    # The remedy works.
    (suite.path / "cassettes/shared.yaml").unlink()
    suite.test(PARTS.format(switches=", allow_unplayed=True"))
    suite.run("--record-mode=new_episodes").assert_outcomes(passed=3)
    suite.run().assert_outcomes(passed=3)


@ANY_TRANSPORT
def test_a_name_from_a_fixture_is_known_once_its_tests_have_run(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture
        def llm_cassette_name(): return "shared"

        @pytest.mark.cassette
        @pytest.mark.parametrize("text", ["a", "b"])
        def test_ask(text): ask(text)
        """
    )
    result = suite.run("--record-mode=once")
    result.assert_outcomes(passed=1, failed=1)
    assert "2 tests of this run share this cassette" in said(result)
    assert "the others: test_it.py::test_ask[a]." in said(result)


@ANY_TRANSPORT
@pytest.mark.slow
def test_two_workers_that_record_one_file_are_an_error(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.test(
        """
        import time

        @pytest.mark.cassette("shared")
        @pytest.mark.parametrize("n", range(2))
        def test_ask(n, tmp_path_factory):
            ask()
            # Neither ends before both have asked.
            common = tmp_path_factory.getbasetemp().parent
            (common / f"asked-{n}").touch()
            until = time.monotonic() + float(os.environ.get("WAIT", 0))
            while len(list(common.glob("asked-*"))) < 2 and time.monotonic() < until:
                time.sleep(0.01)
        """
    )
    monkeypatch.setenv("WAIT", "10")
    result = suite.run_alone("-n2", "--record-mode=once", wanted=("xdist",))
    monkeypatch.delenv("WAIT")
    assert outcomes(result) == {"passed": 2, "errors": 1}
    assert "shared.yaml" in said(result)
    assert "one xdist worker" in said(result)
    assert suite.cassettes() == ["cassettes/shared.yaml"]
    # To replay it together is fine.
    suite.run_alone("-n2", wanted=("xdist",)).assert_outcomes(passed=2)


MATRIX = """
from pytest_llmcassette import Provider

def pytest_llmcassette_providers():
    import os
    return [
        Provider(f"provider-{n:02}", base_url=os.environ["SERVER"], model=f"model-{n}", api_key_env=None)
        for n in range(12)
    ]
"""


@ANY_TRANSPORT
@pytest.mark.slow
def test_a_matrix_of_providers_and_scenarios_under_xdist(suite: Suite) -> None:
    suite.file("conftest.py", MATRIX)
    suite.test(
        """
        import httpx

        @pytest.mark.cassette
        @pytest.mark.parametrize("scenario", range(10))
        def test_chat(llm_provider, llm_cassette, llm_snapshot, scenario):
            asked = {"model": llm_provider.model, "messages": [{"role": "user", "content": f"scenario {scenario}"}]}
            httpx.Client(verify=False).post(f"{llm_provider.base_url}/v1/chat/completions", json=asked)
            assert llm_cassette.transcript.model == llm_provider.model
            assert llm_cassette == llm_snapshot
        """
    )
    recording = suite.run_alone("-n4", "--record-mode=once", "--snapshot-update", wanted=("xdist",))
    assert recording.ret == 0, said(recording)
    recording.assert_outcomes(passed=120)
    assert suite.server.calls == 120
    assert len(suite.cassettes()) == 120
    for name in suite.cassettes():
        provider, scenario = re.findall(r"provider-(\d+)/test_chat\[(\d)\]", name)[0]
        text = (suite.path / name).read_text()
        assert f'"model":"model-{int(provider)}"' in text
        assert f"scenario {scenario}" in text
    assert len(list(suite.path.rglob("*.ambr"))) == 12
    reports = []
    for arguments, wanted in ((("-n4",), ("xdist",)), ((), ())):
        run = suite.run_alone if wanted else suite.run
        result = run(*arguments, "--cassette-report", wanted=wanted)
        result.assert_outcomes(passed=120)
        shown = said(result)
        reports.append(shown[shown.index(" cassettes -") : shown.index("snapshot report summary")])
    assert reports[0] == reports[1]
    assert "120 replayed" in reports[0]
    assert suite.server.calls == 120


@ANY_TRANSPORT
@pytest.mark.slow
def test_a_discarded_recording_of_a_worker_is_told(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette\ndef test_ask():\n    ask()\n    assert False\n")
    result = suite.run_alone("-n1", "--record-mode=once", wanted=("xdist",))
    result.assert_outcomes(failed=1)
    assert said(result).count("recording discarded") == 1
    assert suite.cassettes() == []


@ANY_TRANSPORT
@pytest.mark.slow
def test_a_worker_that_crashes_takes_only_its_own_along(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("n", range(4))
        def test_ask(n):
            ask(str(n))
            if n == 1:
                os._exit(3)
        """
    )
    result = suite.run_alone("-n2", "--record-mode=once", "-W", "error", wanted=("xdist",))
    result.assert_outcomes(passed=3, failed=1)
    shown = said(result)
    assert "INTERNALERROR" not in shown
    assert re.search(r"gw\d crashed: ", shown)
    assert suite.cassettes() == [f"cassettes/test_it/test_ask[{n}].yaml" for n in (0, 2, 3)]


@ANY_TRANSPORT
@pytest.mark.slow
def test_a_wrong_mark_is_told_under_xdist_too(suite: Suite) -> None:
    suite.test("@pytest.mark.cassette(recordmode='once')\ndef test_ask(): ask()\n")
    result = suite.run_alone("-n2", wanted=("xdist",))
    assert outcomes(result) == {"errors": 1}
    assert "has no argument 'recordmode'" in said(result)
    assert "INTERNALERROR" not in said(result)


@ANY_TRANSPORT
@pytest.mark.slow
def test_workers_record_once_a_file_with_its_link_and_a_wider_fixture(suite: Suite) -> None:
    """Each worker has a part of both: they meet, since nothing ends before a second is over."""
    suite.test(
        """
        import time
        from pytest_llmcassette import use_cassette

        @pytest.mark.xdist_group("one")
        @pytest.mark.cassette("target")
        def test_target():
            ask()
            time.sleep(1)

        @pytest.mark.xdist_group("two")
        @pytest.mark.cassette("link")
        def test_link():
            ask()
            time.sleep(1)

        @pytest.fixture(scope="module")
        def greeting():
            with use_cassette("cassettes/greeting.yaml", record_mode="once"):
                answer = ask("greeting")
                time.sleep(1)
                return answer

        @pytest.mark.parametrize("n", [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in ("one", "two")])
        def test_greeting(greeting, n):
            assert greeting == ask_once()

        def ask_once():
            with use_cassette("cassettes/greeting.yaml", record_mode="none"):
                return ask("greeting")
        """
    )
    suite.run("--record-mode=once", "-k", "target").assert_outcomes(passed=1)
    (suite.path / "cassettes" / "link.yaml").symlink_to("target.yaml")
    result = suite.run("-n2", "--dist=loadgroup", "--llmcassette-record-mode=rewrite")
    assert "another xdist worker has recorded this cassette" in said(result)
    assert outcomes(result) == {"passed": 4, "errors": 1}
    assert sum("greeting" in asked for asked in suite.server.asked) == 1

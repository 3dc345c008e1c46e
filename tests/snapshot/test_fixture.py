"""`llm_snapshot` through pytest: files for each provider, updates, diffs, syrupy's own options."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from plugin.suite import run

CONFTEST = """
import pytest

class Named:
    def __init__(self, name): self.name = name

@pytest.fixture(params=[Named("openai/gpt-4o"), Named("kimi")], ids=lambda provider: provider.name, scope="session")
def llm_provider(request):
    return request.param

@pytest.fixture
def mismatches():
    return []

@pytest.fixture
def llm_snapshot(snapshot, mismatches):
    from pytest_llmcassette.snapshot.fixture import Hooks, llm_snapshot_from
    return llm_snapshot_from(snapshot, Hooks(lambda: mismatches.append(1)))

@pytest.fixture
def answer():
    from pytest_llmcassette.protocols.transcript import Choice, Text, Transcript
    from pytest_llmcassette.protocols.usage import Usage
    from pathlib import Path
    def make(words):
        choice = Choice(index=0, parts=(Text(text=words),), finish_reason="stop")
        return Transcript(protocol="openai.chat", provider="openai", stream=False, choices=(choice,), complete=True,
                          model="gpt-4o", usage=Usage(input_tokens=7, output_tokens=2))
    return make(Path("words.txt").read_text())
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    say(pytester, "Oi!\nTudo bem?")
    return pytester


def say(pytester: pytest.Pytester, words: str) -> None:
    Path(pytester.path, "words.txt").write_text(words)


def test_one_file_for_each_provider_and_one_without(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_common="""
        def test_hi(llm_provider, answer, llm_snapshot):
            assert answer == llm_snapshot
            assert answer.usage == llm_snapshot(name="usage")
        """,
        test_alone="def test_hi(answer, llm_snapshot): assert answer == llm_snapshot",
    )
    run(suite, "--snapshot-update").assert_outcomes(passed=3)
    folder = suite.path / "__snapshots__"
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*.ambr")) == [
        "test_alone.ambr",
        "test_common/kimi.ambr",
        "test_common/openai-gpt-4o.ambr",
    ]
    assert (folder / "test_common/kimi.ambr").read_text() == (
        "# serializer version: 1\n"
        "# name: test_hi[kimi]\n"
        '  answer: openai.chat\n    model: "gpt-4o"\n    text:\n      | Oi!\n      | Tudo bem?\n    finish: stop\n'
        "    usage: input 7, output 2\n"
        "# ---\n"
        "# name: test_hi[kimi][usage]\n"
        "  input 7, output 2\n"
        "# ---\n"
    )
    again = run(suite)
    again.assert_outcomes(passed=3)
    assert again.ret == 0


def test_a_mismatch_is_a_diff_of_the_words_and_says_what_to_do(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        def test_hi(answer, llm_snapshot, mismatches):
            try:
                assert answer == llm_snapshot
            finally:
                print("MISMATCHES", len(mismatches))
        """
    )
    first = run(suite)
    first.stdout.fnmatch_lines(
        ["*Snapshot 'test_hi' does not exist!", "*accept it: pytest --snapshot-update", "*MISMATCHES 1"]
    )
    run(suite, "--snapshot-update").assert_outcomes(passed=1)
    say(suite, "Oi!\nTudo ótimo?")
    second = run(suite)
    second.assert_outcomes(failed=1)
    second.stdout.fnmatch_lines(
        [
            "E *assert [[]+ received[]] == [[]- snapshot[]]",
            "E *  answer: openai.chat",
            "E *    text:",
            "E *-     | Tudo bem?",
            "E *+     | Tudo ótimo?",
            "E *accept it: pytest --snapshot-update",
        ],
        consecutive=True,
    )


def test_syrupys_options_work(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from syrupy.filters import props
        from syrupy.matchers import path_type

        def test_hi(answer, llm_snapshot):
            assert answer == llm_snapshot(exclude=props("usage"))
            assert answer == llm_snapshot(matcher=path_type({"parts.0.text": (str,)}))
            assert answer == llm_snapshot(shape=True)
            assert {"said": answer.usage, "n": 1} == llm_snapshot
            assert [answer, answer] == llm_snapshot(exclude=props("parts", "model", "usage"))
        """
    )
    run(suite, "--snapshot-update").assert_outcomes(passed=1)
    names = ["test_hi", "test_hi.1", "test_hi.2", "test_hi.3", "test_hi.4"]
    written = (suite.path / "__snapshots__/test_syrupys_options_work.ambr").read_text().split("# ---\n")
    shown = {part.partition("\n")[0].removeprefix("# name: "): part.partition("\n")[2] for part in written}
    shown["test_hi"] = written[0].partition("# name: test_hi\n")[2]
    assert "usage" not in shown["test_hi"]
    assert "| Oi!" in shown["test_hi"]
    assert "text: Words" in shown["test_hi.1"]
    assert "usage: input 7" in shown["test_hi.1"]
    assert "text: <text>" in shown["test_hi.2"]
    assert "'said': input 7, output 2" in shown["test_hi.3"]
    assert (
        shown["test_hi.4"] == "  answer 1: openai.chat\n    finish: stop\n  answer 2: openai.chat\n    finish: stop\n"
    )
    assert set(names) <= set(shown)
    say(suite, "Other words")
    run(suite).stdout.fnmatch_lines(["*1 snapshot failed.*"])


def test_shape_and_an_extension_of_ones_own_do_not_go_together(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from syrupy.extensions.json import JSONSnapshotExtension

        def test_hi(answer, llm_snapshot):
            llm_snapshot(shape=True, extension_class=JSONSnapshotExtension)
        """
    )
    run(suite).stdout.fnmatch_lines(["*TypeError: llm_snapshot(shape=True) has an extension of its own*"])


class TestUnused:
    """A snapshot is unused when its test is gone, not when it was left out of this run."""

    TESTS = """
        import pytest
        def test_one(llm_provider, answer, llm_snapshot): assert answer == llm_snapshot
        {mark}
        def test_two(llm_provider, answer, llm_snapshot): assert answer == llm_snapshot
        """

    @pytest.fixture(autouse=True)
    def _recorded(self, suite: pytest.Pytester) -> None:
        suite.makepyfile(test_common=self.TESTS.format(mark=""))
        run(suite, "--snapshot-update").assert_outcomes(passed=4)

    @pytest.mark.parametrize(
        "selection",
        [
            ("-k", "kimi"),
            pytest.param(("-k", "one"), marks=pytest.mark.slow),
            pytest.param(("test_common.py::test_one[kimi]",), marks=pytest.mark.slow),
            ("test_common.py::test_one",),
        ],
        ids=str,
    )
    def test_what_was_not_selected_stays(self, suite: pytest.Pytester, selection: tuple[str, ...]) -> None:
        before = {file: file.read_text() for file in suite.path.rglob("*.ambr")}
        result = run(suite, *selection, "--snapshot-update")
        assert result.ret == 0
        assert {file: file.read_text() for file in suite.path.rglob("*.ambr")} == before
        assert "unused" not in result.stdout.str()

    def test_what_was_skipped_stays(self, suite: pytest.Pytester) -> None:
        suite.makepyfile(test_common=self.TESTS.format(mark='@pytest.mark.skip(reason="today")'))
        result = run(suite)
        result.assert_outcomes(passed=2, skipped=2)
        assert result.ret == 0

    @pytest.mark.parametrize("workers", [(), pytest.param(("-n2",), marks=pytest.mark.slow)], ids=["alone", "workers"])
    def test_when_all_was_skipped_nothing_goes(self, suite: pytest.Pytester, workers: tuple[str, ...]) -> None:
        before = {file: file.read_text() for file in suite.path.rglob("*.ambr")}
        suite.makepyfile(
            test_common="import pytest\npytestmark = pytest.mark.skip\n" + dedent(self.TESTS.format(mark=""))
        )
        result = run(suite, "--snapshot-update", *workers)
        assert result.ret == 0
        assert {file: file.read_text() for file in suite.path.rglob("*.ambr")} == before

    def test_what_has_no_test_any_more_goes(self, suite: pytest.Pytester) -> None:
        suite.makepyfile(test_common="def test_one(llm_provider, answer, llm_snapshot): assert answer == llm_snapshot")
        assert run(suite).ret != 0
        run(suite, "--snapshot-update").stdout.fnmatch_lines(["*2 unused snapshots deleted*"])
        assert run(suite).ret == 0

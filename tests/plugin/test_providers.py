"""Provider suites: one test, a table of providers, a cassette for each; keys and capabilities."""

from __future__ import annotations

import re

import pytest

from plugin.suite import Suite, outcomes, said, slow

TABLE = """
import os
from pytest_llmcassette import Provider

def provider(name, key="EXAMPLE_API_KEY", **fields):
    return Provider(name, base_url=os.environ["SERVER"], model=f"model-of-{name}", api_key_env=key, **fields)

def pytest_llmcassette_providers():
    return [provider("openai-gpt-4o", capabilities={"tools", "vision"}), provider("kimi", capabilities=["tools"])]
"""

TEST = """
import httpx

def chat(provider):
    asked = {"model": provider.model, "messages": [{"role": "user", "content": "hi"}]}
    with httpx.Client(verify=False, headers={"Authorization": f"Bearer {provider.api_key}"}) as client:
        return client.post(f"{provider.base_url}/v1/chat/completions", json=asked).json()

@pytest.mark.cassette
def test_simple(llm_provider, llm_cassette):
    chat(llm_provider)
    assert llm_cassette.transcript.model == llm_provider.model
"""

CASSETTES = ["cassettes/test_it/kimi/test_simple.yaml", "cassettes/test_it/openai-gpt-4o/test_simple.yaml"]


@pytest.fixture
def table(suite: Suite) -> Suite:
    suite.file("conftest.py", TABLE)
    suite.test(TEST)
    return suite


def test_record_with_a_key_and_replay_without(table: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
    table.run("--record-mode=once").assert_outcomes(passed=2)
    assert table.server.keys == ["real-key", "real-key"]
    assert table.cassettes() == CASSETTES
    assert all("real-key" not in (table.path / name).read_text() for name in CASSETTES)
    monkeypatch.delenv("EXAMPLE_API_KEY")
    result = table.run("-v")
    result.assert_outcomes(passed=2)
    assert re.findall(r"::(test_simple\S+) PASSED", said(result)) == ["test_simple[openai-gpt-4o]", "test_simple[kimi]"]
    assert table.server.calls == 2


@pytest.mark.parametrize(("mode", "cassette_is_there"), [("once", False), ("rewrite", True), slow("all", True)])
def test_a_recording_without_a_key_is_skipped_before_its_first_fixture(
    table: Suite, monkeypatch: pytest.MonkeyPatch, mode: str, cassette_is_there: bool
) -> None:
    if cassette_is_there:
        monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
        table.run("--record-mode=once").assert_outcomes(passed=2)
        monkeypatch.delenv("EXAMPLE_API_KEY")
    table.test("@pytest.fixture(autouse=True)\ndef first(): print('FIXTURE')\n" + TEST)
    result = table.run(f"--record-mode={mode}", "-rs", "-s")
    assert outcomes(result) == {"skipped": 2}
    assert "EXAMPLE_API_KEY is not set" in said(result)
    assert "FIXTURE" not in said(result)


def test_an_empty_key_is_none(table: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "")
    assert outcomes(table.run("--record-mode=once")) == {"skipped": 2}


def test_who_has_one_key_records_one_provider(table: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    table.file("conftest.py", TABLE.replace('provider("kimi",', 'provider("kimi", key="KIMI_API_KEY",'))
    monkeypatch.setenv("KIMI_API_KEY", "real-key")
    assert outcomes(table.run("--record-mode=once")) == {"passed": 1, "skipped": 1}
    assert table.cassettes() == CASSETTES[:1]


def test_a_required_capability_that_nobody_declares_is_a_warning(table: Suite) -> None:
    table.test("@pytest.mark.llm_requires('tolls')\n@pytest.mark.cassette\ndef test_a(llm_provider): pass\n")
    result = table.run("-k", "kimi")
    assert outcomes(result) == {"skipped": 1, "deselected": 1}
    assert "no provider declares 'tolls', so that every provider is skipped. Declared are: tools, vision." in said(
        result
    )
    # With only kimi selected it is still declared by the other one.
    table.test("@pytest.mark.llm_requires('vision')\n@pytest.mark.cassette\ndef test_a(llm_provider): pass\n")
    result = table.run("-k", "kimi")
    assert outcomes(result) == {"skipped": 1, "deselected": 1}
    assert "no provider declares" not in said(result)


def test_a_suites_own_table_is_not_judged(suite: Suite) -> None:
    suite.file("conftest.py", "import pytest\n\n@pytest.fixture(params=['a'])\ndef llm_provider(request): ...\n")
    suite.test("@pytest.mark.llm_requires('tolls')\n@pytest.mark.cassette\ndef test_a(llm_provider): pass\n")
    result = suite.run()
    assert outcomes(result) == {"skipped": 1}
    assert "no provider declares" not in said(result)


KEYS = """
    return [provider("a"), provider("b"), provider("c", key="OTHER_API_KEY"), provider("d", key="THIRD_API_KEY")]
"""


@pytest.mark.parametrize("workers", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["alone", "workers"])
def test_what_was_not_recorded_for_want_of_keys_is_said(
    table: Suite, monkeypatch: pytest.MonkeyPatch, workers: bool
) -> None:
    table.file("conftest.py", TABLE[: TABLE.index("    return [")] + KEYS)
    monkeypatch.setenv("THIRD_API_KEY", "real-key")
    options = ("-q", "--record-mode=once")
    result = table.run_alone("-n2", *options, wanted=("xdist",)) if workers else table.run(*options)
    assert outcomes(result) == {"passed": 1, "skipped": 3}
    assert re.findall(r".*not recorded.*", said(result)) == [
        "2 tests not recorded: EXAMPLE_API_KEY is not set",
        "1 test not recorded: OTHER_API_KEY is not set",
    ]
    assert "not recorded" not in said(table.run("-k", "[d]"))


def test_new_episodes_replays_without_a_key_and_refuses_to_send_a_placeholder(
    table: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
    table.run("--record-mode=once").assert_outcomes(passed=2)
    monkeypatch.delenv("EXAMPLE_API_KEY")
    table.run("--record-mode=new_episodes").assert_outcomes(passed=2)
    table.test(TEST.replace('"content": "hi"', '"content": "something new"'))
    result = table.run("--record-mode=new_episodes")
    assert outcomes(result) == {"failed": 2}
    assert "Set the environment variable EXAMPLE_API_KEY" in said(result)
    assert table.server.calls == 2


def test_a_provider_that_needs_no_key(table: Suite) -> None:
    table.file("conftest.py", TABLE.replace("api_key_env=key", "api_key_env=None"))
    table.run("--record-mode=once").assert_outcomes(passed=2)
    table.run().assert_outcomes(passed=2)


BY_PROVIDER = """
@pytest.fixture
def llm_cassette_config(llm_provider):
    return {"ignore_json": ["messages"]} if llm_provider.name == "kimi" else {}

@pytest.fixture
def llm_cassette_name(llm_provider):
    return f"flat-{llm_provider.name}"
"""


def test_switches_and_names_may_depend_on_the_provider(table: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
    table.test(BY_PROVIDER + TEST)
    table.run("--record-mode=once").assert_outcomes(passed=2)
    assert table.cassettes() == ["cassettes/flat-kimi.yaml", "cassettes/flat-openai-gpt-4o.yaml"]
    text = (table.path / "test_it.py").read_text()
    table.file("test_it.py", text.replace('"content": "hi"', '"content": "something else"'))
    result = table.run("-v")
    result.assert_outcomes(passed=1, failed=1)
    assert "test_simple[kimi] PASSED" in said(result)


def test_required_capabilities(table: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
    table.test(
        TEST
        + """
@pytest.mark.llm_requires("tools", "vision")
class TestVision:
    @pytest.mark.cassette
    def test_both(self, llm_provider): chat(llm_provider)

    @pytest.mark.llm_requires("audio")
    @pytest.mark.cassette
    def test_three(self, llm_provider): chat(llm_provider)
"""
    )
    result = table.run("--record-mode=once", "-rs")
    assert outcomes(result) == {"passed": 3, "skipped": 3}
    assert "kimi does not declare: vision" in said(result)
    assert "openai-gpt-4o does not declare: audio" in said(result)


def test_the_nearest_conftest_decides(table: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
    table.file("sub/conftest.py", TABLE.replace('"kimi"', '"local"'))
    table.test(TEST, "sub/test_below.py")
    shown = said(table.run("--collect-only", "-q"))
    assert sorted(re.findall(r"^(\S+)::test_simple\[(.*)\]", shown, re.MULTILINE)) == [
        ("sub/test_below.py", "local"),
        ("sub/test_below.py", "openai-gpt-4o"),
        ("test_it.py", "kimi"),
        ("test_it.py", "openai-gpt-4o"),
    ]


def test_tests_are_grouped_by_provider_and_the_client_is_built_once(
    table: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "real-key")
    table.test(
        TEST
        + """
@pytest.fixture(scope="session")
def client(llm_provider):
    print("BUILT", llm_provider.name)

@pytest.mark.parametrize("n", range(2))
def test_more(client, n): pass
"""
    )
    result = table.run("-s", "-k", "test_more")
    result.assert_outcomes(passed=4, deselected=2)
    assert re.findall(r"BUILT (\S+)", said(result)) == ["openai-gpt-4o", "kimi"]


def test_a_subclass_and_what_a_test_may_read(table: Suite) -> None:
    table.file(
        "conftest.py",
        """
        import dataclasses
        from pytest_llmcassette import Provider

        @dataclasses.dataclass(eq=False)
        class Gateway(Provider):
            region: str = "eu"

        def pytest_llmcassette_providers(config):
            assert config.rootpath
            yield Gateway("gw", base_url="http://x", model="m", api_key_env="GW_KEY", extra={"a": 1}, region="us")
        """,
    )
    table.test(
        """
        @pytest.mark.cassette(allow_no_calls=True)
        def test_it(llm_provider):
            assert (llm_provider.region, llm_provider.extra, llm_provider.protocol) == ("us", {"a": 1}, None)
            assert llm_provider.capabilities == frozenset()
            assert "placeholder" in llm_provider.api_key
            assert os.environ["GW_KEY"] == llm_provider.api_key
        """
    )
    table.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("", ["no conftest", "pytest_llmcassette_providers"]),
        slow("def pytest_llmcassette_providers(): return None", ["pytest_llmcassette_providers"]),
        slow("def pytest_llmcassette_providers(): return []", ["no provider"]),
        ("def pytest_llmcassette_providers(): return [provider('a'), provider('b'), provider('a')]", ["'a'", "Rename"]),
        ("def pytest_llmcassette_providers(): return [provider('a/b'), provider('a:b')]", ["'a/b'", "'a:b'"]),
        ("def pytest_llmcassette_providers(): return ['openai']", ["list of Provider", "'openai'"]),
        slow("def pytest_llmcassette_providers(): return provider('a')", ["list of Provider"]),
    ],
)
def test_tables_that_make_no_sense(table: Suite, hook: str, words: list[str]) -> None:
    table.file("conftest.py", TABLE.partition("def pytest_llmcassette_providers")[0] + hook + "\n")
    result = table.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR, said(result)
    [line] = [line for line in said(result).splitlines() if line.startswith("ERROR: ")]
    assert "test_it.py::test_simple" in line
    for word in words:
        assert word in line


def test_an_own_fixture_of_that_name_is_left_alone(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture
        def llm_provider(): return "mine"

        def test_it(llm_provider): assert llm_provider == "mine"

        @pytest.mark.parametrize("llm_provider", ["a", "b"])
        def test_parametrised(llm_provider): assert llm_provider in "ab"
        """
    )
    suite.run().assert_outcomes(passed=3)

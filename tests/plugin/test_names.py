"""Where a test's cassette is: by the template, by name, by fixtures; and two tests that would share one by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from characters import CHARACTERS
from hypothesis import given
from hypothesis import strategies as st

from plugin.suite import Suite, said, slow
from pytest_llmcassette.plugin import naming

MARKED = "@pytest.mark.cassette\n"


def recorded(suite: Suite, *arguments: str) -> list[str]:
    """The cassettes after a recording run in which every test passed, and a replay."""
    assert suite.run("--record-mode=once", *arguments).ret == 0
    calls = suite.server.calls
    assert suite.run(*arguments).ret == 0
    assert suite.server.calls == calls
    return suite.cassettes()


def test_the_default_layout(suite: Suite) -> None:
    suite.test(
        """
        pytestmark = pytest.mark.cassette

        def test_plain(): ask()

        @pytest.mark.parametrize("kind", ["a", "b/c:d"])
        @pytest.mark.parametrize("n", [1])
        def test_parameters(kind, n): ask()

        class TestOuter:
            def test_method(self): ask()
            class TestInner:
                def test_method(self): ask()
        """
    )
    suite.test(MARKED + "def test_plain(): ask()", "sub/test_below.py")
    assert recorded(suite) == [
        "cassettes/test_it/TestOuter.TestInner.test_method.yaml",
        "cassettes/test_it/TestOuter.test_method.yaml",
        "cassettes/test_it/test_parameters[1-a].yaml",
        "cassettes/test_it/test_parameters[1-b-c-d].yaml",
        "cassettes/test_it/test_plain.yaml",
        "sub/cassettes/test_below/test_plain.yaml",
    ]


def test_the_tree_of_a_go_suite(suite: Suite) -> None:
    suite.file("pytest.ini", "[pytest]\nllmcassette_path = testdata/{class}/{provider}/{scenario}.yaml\n")
    suite.file(
        "conftest.py",
        """
        from pytest_llmcassette import Provider

        def pytest_llmcassette_providers():
            return [Provider("huggingface-kimi-k2", base_url="http://localhost", model="m", api_key_env=None)]
        """,
    )
    suite.test(
        """
        @pytest.mark.cassette
        class TestOpenAICompatibleCommon:
            def test_simple_streaming(self, llm_provider): ask()
            def test_alone(self): ask()
        """
    )
    assert recorded(suite) == [
        "testdata/TestOpenAICompatibleCommon/alone.yaml",
        "testdata/TestOpenAICompatibleCommon/huggingface-kimi-k2/simple_streaming.yaml",
    ]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("cassettes/{modul}/{test}.yaml", "no field {modul}"),
        ("cassettes/{test.yaml", "brace"),
        slow("cassettes/{test}.json", ".yaml"),
    ],
)
def test_a_template_that_makes_no_sense(suite: Suite, template: str, problem: str) -> None:
    suite.file("pytest.ini", f"[pytest]\nllmcassette_path = {template}\n")
    suite.test(MARKED + "def test_plain(): ask()")
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    [line] = [line for line in said(result).splitlines() if line.startswith("ERROR")]
    assert problem in line
    assert "llmcassette_path" in line


def test_a_name_is_relative_to_the_folder_and_may_have_folders(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette("greetings/hello: world")
        def test_by_name(): ask()

        @pytest.mark.cassette(name="with.suffix.yaml")
        def test_by_keyword(): ask()

        @pytest.mark.cassette("for/{scenario}")
        @pytest.mark.parametrize("n", [1])
        def test_by_field(n): ask()
        """
    )
    assert recorded(suite) == [
        "cassettes/for/by_field.yaml",
        "cassettes/greetings/hello- world.yaml",
        "cassettes/with.suffix.yaml",
    ]


@pytest.mark.parametrize("name", ["'/etc/x'", "''", slow("'  '"), "3", slow("'..'")])
def test_names_that_no_cassette_can_have(suite: Suite, name: str) -> None:
    suite.test(f"@pytest.mark.cassette({name})\ndef test_by_name(): ask()")
    result = suite.run("--record-mode=once")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_by_name" in said(result)
    assert suite.server.calls == 0


def test_fixtures_decide_on_folder_and_name(suite: Suite) -> None:
    suite.file(
        "conftest.py",
        """
        import pytest

        @pytest.fixture
        def llm_cassette_dir(request):
            return request.config.rootpath / "data"

        @pytest.fixture
        def llm_cassette_name(llm_cassette_name, request):
            return f"mine/{llm_cassette_name}"
        """,
    )
    suite.test(MARKED + "def test_plain(): ask()", "deep/down/test_below.py")
    suite.test("@pytest.mark.cassette('named')\ndef test_named(): ask()", "deep/down/test_named.py")
    assert recorded(suite) == ["data/mine/test_below/test_plain.yaml", "data/named.yaml"]


def test_a_folder_fixture_may_be_relative_to_the_test(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture(scope="session")
        def llm_cassette_dir(): return "beside"

        @pytest.mark.cassette
        def test_plain(): ask()
        """,
        "sub/test_below.py",
    )
    assert recorded(suite) == ["sub/beside/test_below/test_plain.yaml"]


def test_very_long_parameters_get_names_that_a_file_system_takes(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("text", ["á" * 300 + "1", "á" * 300 + "2"])
        def test_long(text): ask(text)
        """
    )
    names = recorded(suite)
    assert len(names) == 2
    assert all(len(Path(name).name.encode()) <= 255 for name in names)


@pytest.mark.parametrize(
    "tests",
    [
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("text", ["a/b", "a-b"])
        def test_one(text): ask()
        """,
        """
        @pytest.mark.cassette
        def test_one(): ask()

        class test_one_of:
            pass

        @pytest.mark.cassette
        @pytest.mark.parametrize("x", ["a:b", "a*b"])
        class TestIt:
            def test_two(self, x): ask()
        """,
    ],
)
def test_two_tests_with_one_path_are_an_error_that_names_both(suite: Suite, tests: str) -> None:
    suite.test(tests)
    result = suite.run("--record-mode=once")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    [line] = [line for line in said(result).splitlines() if line.startswith("ERROR")]
    assert line.count("test_it.py::") == 2
    assert '@pytest.mark.cassette("name")' in line
    assert suite.server.calls == 0


def test_two_modules_of_one_name_in_one_tree_are_an_error(suite: Suite) -> None:
    suite.file("pytest.ini", "[pytest]\nllmcassette_path = {scenario}.yaml\n")
    suite.test(MARKED + "def test_plain(): ask()", "test_a.py")
    suite.test(MARKED + "def test_plain(): ask()", "test_b.py")
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "test_a.py::test_plain and test_b.py::test_plain" in said(result)


def test_one_test_that_is_collected_twice_is_no_collision(suite: Suite) -> None:
    suite.test(MARKED + "def test_plain(): ask()")
    twice = ("--keep-duplicates", "test_it.py", "test_it.py")
    suite.run("--record-mode=once", *twice).assert_outcomes(passed=2)
    assert suite.server.calls == 1
    suite.run(*twice).assert_outcomes(passed=2)


def test_a_fixture_that_gives_two_tests_one_name_shares_it_on_purpose(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture
        def llm_cassette_name(): return "one"

        @pytest.mark.cassette
        def test_a(): assert ask() == "answer 1"

        @pytest.mark.cassette
        def test_b(): assert ask() == "answer 1"
        """
    )
    assert recorded(suite) == ["cassettes/one.yaml"]


def test_backends_of_anyio_share_what_was_recorded(suite: Suite) -> None:
    suite.test(
        """
        import httpx

        pytestmark = pytest.mark.anyio

        @pytest.mark.cassette
        @pytest.mark.parametrize("text", ["hi"])
        async def test_it(anyio_backend_name, text):
            async with httpx.AsyncClient(verify=False) as client:
                answer = await client.post(os.environ["SERVER"] + "/ask", json={"say": text})
            assert answer.text == "answer 1"
        """
    )
    suite.run("--record-mode=once", wanted=("anyio",)).assert_outcomes(passed=2)
    assert suite.cassettes() == ["cassettes/test_it/test_it[hi].yaml"]
    suite.run(wanted=("anyio",)).assert_outcomes(passed=2)
    assert suite.server.calls == 1


TEMPLATES = [
    "cassettes/{module}/{provider}/{class}.{test}[{params}]",
    "{class}/{provider}/{scenario}",
    "{test}-{params}",
]


@given(
    template=st.sampled_from(TEMPLATES),
    fields=st.fixed_dictionaries({name: st.text(CHARACTERS, max_size=400) for name in naming.FIELDS if name != "test"}),
    test=st.from_regex(r"test_\w{1,8}", fullmatch=True, alphabet=CHARACTERS),
)
def test_any_fields_make_a_path_below_the_folder(template: str, fields: dict[str, str], test: str) -> None:
    rendered = naming.render(template, {**fields, "test": test, "scenario": test.removeprefix("test_")})
    path = naming.file_at(Path("/folder"), rendered, ".yaml")
    assert path.suffix == ".yaml"
    below = path.relative_to("/folder").parts
    assert 1 <= len(below) <= template.count("/") + 1
    for part in below:
        assert len(part.encode("utf-8", "replace")) <= 255
        assert not set(part) & set("<>?%*:|\"'/\\\0\n")
        assert part not in (".", "..")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"test": "test_x", "params": "a"}, "cassettes/m/test_x[a]"),
        ({"test": "test_x"}, "cassettes/m/test_x"),
        ({"test": "test_x", "class": "TestC"}, "cassettes/m/TestC.test_x"),
        ({"test": "test_x", "class": "TestC", "provider": "p", "params": "a-b"}, "cassettes/m/p/TestC.test_x[a-b]"),
        ({"test": "test_x", "provider": "openai/gpt-4o"}, "cassettes/m/openai-gpt-4o/test_x"),
    ],
)
def test_empty_parts_are_dropped(fields: dict[str, str], expected: str) -> None:
    empty = dict.fromkeys(naming.FIELDS, "")
    assert naming.render(TEMPLATES[0], {**empty, "module": "m", **fields}) == expected


NEIGHBOURS = """
@pytest.mark.cassette
class TestOuter:
    class TestInner:
        def test_nested(self): ask()

    @pytest.mark.parametrize("a", ["x/y", "é:z", "q*", "[b]", ""])
    @pytest.mark.parametrize("b,c", [(1, None)])
    def test_p(self, a, b, c): ask()

@pytest.mark.cassette
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
def test_backend(anyio_backend): ask()
"""


@pytest.mark.parametrize(
    ("template", "names"),
    [
        (
            # What pytest-recording 0.14.1's get_default_cassette_name makes of these tests.
            "cassettes/{module}/{innermost_class}.{name}.yaml",
            [
                "cassettes/test_it/TestInner.test_nested.yaml",
                "cassettes/test_it/TestOuter.test_p[1-None-].yaml",
                "cassettes/test_it/TestOuter.test_p[1-None--xe9-z].yaml",
                "cassettes/test_it/TestOuter.test_p[1-None-[b]].yaml",
                "cassettes/test_it/TestOuter.test_p[1-None-q-].yaml",
                "cassettes/test_it/TestOuter.test_p[1-None-x-y].yaml",
                "cassettes/test_it/test_backend[asyncio].yaml",
                "cassettes/test_it/test_backend[trio].yaml",
            ],
        ),
        slow(
            # pytest-vcr 1.0.2 leaves every character as it is.
            "cassettes/{innermost_class}.{raw_name}.yaml",
            [
                "cassettes/TestInner.test_nested.yaml",
                "cassettes/TestOuter.test_p[1-None-].yaml",
                "cassettes/TestOuter.test_p[1-None-[b]].yaml",
                "cassettes/TestOuter.test_p[1-None-\\xe9:z].yaml",
                "cassettes/TestOuter.test_p[1-None-q*].yaml",
                "cassettes/TestOuter.test_p[1-None-x/y].yaml",
                "cassettes/test_backend[asyncio].yaml",
                "cassettes/test_backend[trio].yaml",
            ],
        ),
    ],
    ids=["pytest-recording", "pytest-vcr"],
)
def test_the_layouts_of_other_plugins(suite: Suite, template: str, names: list[str]) -> None:
    suite.file("pytest.ini", f"[pytest]\nllmcassette_path = {template}\n")
    suite.test(NEIGHBOURS)
    assert recorded(suite) == sorted(names)


def test_repetitions_share_cassette_and_snapshot(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pytest-repeat and flakefinder repeat a test; and a parameter that the ini file names."""
    suite.file("pytest.ini", "[pytest]\nllmcassette_ignore_params = seed\n")
    suite.file(
        "conftest.py",
        """
        import os, pytest
        TIMES = int(os.environ.get("TIMES", 1))

        @pytest.fixture
        def __pytest_repeat_step_number(request): return request.param

        @pytest.fixture
        def seed(request): return request.param

        def pytest_generate_tests(metafunc):
            if TIMES == 1:
                return
            flake = "__flakefinder_" + metafunc.function.__name__
            metafunc.fixturenames += [flake, "__pytest_repeat_step_number", "seed"]
            metafunc.parametrize(flake, range(TIMES))
            ids = [f"{n + 1}-{TIMES}" for n in range(TIMES)]
            metafunc.parametrize("__pytest_repeat_step_number", range(TIMES), indirect=True, ids=ids)
            metafunc.parametrize("seed", [7], indirect=True)
        """,
    )
    suite.test(
        """
        @pytest.mark.cassette
        @pytest.mark.parametrize("a,b", [(1, 2)])
        def test_it(a, b, llm_cassette, llm_snapshot):
            ask()
            assert llm_cassette == llm_snapshot

        @pytest.mark.cassette
        @pytest.mark.parametrize("a", [""])
        def test_empty(a, llm_cassette, llm_snapshot):
            ask()
            assert llm_cassette == llm_snapshot
        """
    )
    assert suite.run("--record-mode=once", "--snapshot-update").ret == 0
    monkeypatch.setenv("TIMES", "2")
    suite.run().assert_outcomes(passed=8)
    assert suite.cassettes() == ["cassettes/test_it/test_empty.yaml", "cassettes/test_it/test_it[1-2].yaml"]
    assert suite.server.calls == 2

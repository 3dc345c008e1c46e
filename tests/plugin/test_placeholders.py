"""Stand-ins for API keys: where SDK constructors need them, never where a real key is, and gone after the test."""

from __future__ import annotations

import re

import pytest

from plugin.suite import Suite, outcomes, said

SHOW = """
NAMES = {names!r}

@pytest.fixture(scope="session")
def at_session(): return {{name: os.environ.get(name) for name in NAMES}}

@pytest.mark.cassette(allow_no_calls=True)
def test_marked(at_session):
    now = {{name: os.environ.get(name) for name in NAMES}}
    assert now == at_session
    for name in NAMES:
        print("KEY", name, now[name])

def test_unmarked():
    for name in NAMES:
        print("AFTER", name, os.environ.get(name))
"""


def shown(suite: Suite, *names: str) -> tuple[dict[str, str], dict[str, str]]:
    """What the variables are in a marked test, and in one after it."""
    suite.test(SHOW.format(names=names))
    result = suite.run("-s")
    result.assert_outcomes(passed=2)
    during, after = (dict(re.findall(rf"{word} (\w+) (.*)", said(result))) for word in ("KEY", "AFTER"))
    return during, after


WELL_KNOWN = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "MISTRAL_API_KEY",
    "CO_API_KEY",
    "COHERE_API_KEY",
    "GROQ_API_KEY",
    "XAI_API_KEY",
    "OPENROUTER_API_KEY",
    "HF_TOKEN",
    "TOGETHER_API_KEY",
    "FIREWORKS_API_KEY",
    "DEEPSEEK_API_KEY",
    "CEREBRAS_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "AI_GATEWAY_API_KEY",
    "PERPLEXITY_API_KEY",
    "REPLICATE_API_TOKEN",
    "VOYAGE_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)


def test_well_known_variables_get_a_stand_in_for_the_time_of_the_test(suite: Suite) -> None:
    during, after = shown(suite, *WELL_KNOWN)
    assert {name for name in WELL_KNOWN if "placeholder" not in during[name]} == set()
    assert after == dict.fromkeys(WELL_KNOWN, "None")


def test_a_region_is_a_region(suite: Suite) -> None:
    during, after = shown(suite, "AWS_REGION", "AWS_DEFAULT_REGION")
    assert during == {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    assert after == {"AWS_REGION": "None", "AWS_DEFAULT_REGION": "None"}


def test_a_region_speaks_for_keys_only_where_they_are_needed(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    suite.test(SHOW.format(names=("AWS_DEFAULT_REGION", "AWS_SECRET_ACCESS_KEY")))
    for mode, stands_in in (("none", True), ("new_episodes", False)):
        shown = said(suite.run("-s", f"--record-mode={mode}"))
        assert "KEY AWS_DEFAULT_REGION eu-west-1" in shown
        assert ("KEY AWS_SECRET_ACCESS_KEY llmcassette-placeholder" in shown) == stands_in


@pytest.mark.parametrize(
    "families",
    [
        {
            "OPENAI_API_KEY": "OPENAI_API_KEY",
            "ANTHROPIC_AUTH_TOKEN": "ANTHROPIC_API_KEY",
            "GOOGLE_API_KEY": "GEMINI_API_KEY",
            "AWS_PROFILE": "AWS_ACCESS_KEY_ID",
            "CO_API_KEY": "COHERE_API_KEY",
        },
        {"GEMINI_API_KEY": "GOOGLE_API_KEY", "AWS_ACCESS_KEY_ID": "AWS_SECRET_ACCESS_KEY"},
        {"AWS_DEFAULT_REGION": "AWS_REGION"},
    ],
    ids=len,
)
def test_a_real_key_of_the_family_is_not_shadowed(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, families: dict[str, str]
) -> None:
    """No variable of one family is set for another's sake."""
    for real in families:
        monkeypatch.setenv(real, "real-value")
    during, after = shown(suite, *families, *families.values())
    untouched = dict.fromkeys(families.values(), "None")
    assert during == after == {**untouched, **dict.fromkeys(families, "real-value")}


def test_an_empty_variable_comes_back_empty(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    during, after = shown(suite, "OPENAI_API_KEY")
    assert "placeholder" in during["OPENAI_API_KEY"]
    assert after == {"OPENAI_API_KEY": ""}


def test_what_a_test_sets_itself_is_left_alone(suite: Suite) -> None:
    suite.test(
        """
        @pytest.mark.cassette(allow_no_calls=True)
        def test_marked(monkeypatch):
            monkeypatch.setenv("OPENAI_API_KEY", "its own")
            monkeypatch.delenv("GROQ_API_KEY")
            monkeypatch.setattr(os, "environ", os.environ)

        @pytest.mark.cassette(allow_no_calls=True)
        def test_for_good():
            os.environ["MISTRAL_API_KEY"] = "for good"

        def test_after():
            assert "OPENAI_API_KEY" not in os.environ
            assert "GROQ_API_KEY" not in os.environ
            assert os.environ.pop("MISTRAL_API_KEY") == "for good"
        """
    )
    suite.run().assert_outcomes(passed=3)


def test_they_go_away_after_failures_and_refused_set_ups_too(suite: Suite) -> None:
    suite.test(
        """
        @pytest.fixture
        def broken(): raise KeyError

        @pytest.mark.cassette
        def test_error(broken): pass

        @pytest.mark.cassette
        def test_failure(): raise KeyError

        @pytest.mark.cassette
        def test_skip(): pytest.skip("no")

        def test_after(): assert "OPENAI_API_KEY" not in os.environ
        """
    )
    assert outcomes(suite.run()) == {"errors": 1, "failed": 1, "skipped": 1, "passed": 1}


def test_a_placeholder_is_never_sent(suite: Suite) -> None:
    suite.test(
        """
        import httpx

        @pytest.mark.cassette
        def test_ask():
            key = os.environ["OPENAI_API_KEY"]
            httpx.get(os.environ["SERVER"] + "/v1/models", headers={"Authorization": f"Bearer {key}"})
        """
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"failed": 1}
    assert "Set the environment variable OPENAI_API_KEY" in said(result)
    assert suite.server.calls == 0
    assert suite.cassettes() == []

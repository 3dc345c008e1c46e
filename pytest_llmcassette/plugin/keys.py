"""Environment variables that SDK constructors insist on, filled with stand-ins while a marked test runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from pytest_llmcassette.provider import placeholder_for

FAMILIES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("OPENAI_API_KEY",), ("OPENAI_ADMIN_KEY",)),
    (("AZURE_OPENAI_API_KEY",), ("AZURE_OPENAI_AD_TOKEN",)),
    (("ANTHROPIC_API_KEY",), ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_IDENTITY_TOKEN_FILE")),
    (("GEMINI_API_KEY",), ("GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE")),
    (
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        (
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_BEARER_TOKEN_BEDROCK",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ),
    ),
    (("AWS_REGION", "AWS_DEFAULT_REGION"), ()),
    (("MISTRAL_API_KEY",), ()),
    (("CO_API_KEY", "COHERE_API_KEY"), ()),
    (("GROQ_API_KEY",), ()),
    (("XAI_API_KEY",), ()),
    (("OPENROUTER_API_KEY",), ()),
    (("HF_TOKEN",), ("HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH")),
    (("TOGETHER_API_KEY",), ("TOGETHERAI_API_KEY",)),
    (("FIREWORKS_API_KEY",), ("FIREWORKS_AI_API_KEY",)),
    (("DEEPSEEK_API_KEY",), ()),
    (("CEREBRAS_API_KEY",), ()),
    (("PERPLEXITY_API_KEY",), ("PPLX_API_KEY",)),
    (("REPLICATE_API_TOKEN",), ("REPLICATE_API_KEY",)),
    (("VOYAGE_API_KEY",), ()),
    (("AI_GATEWAY_API_KEY",), ("VERCEL_OIDC_TOKEN",)),
    (("NVIDIA_API_KEY",), ()),
    (("MOONSHOT_API_KEY",), ()),
    (("DASHSCOPE_API_KEY",), ()),
    (("JINA_API_KEY",), ()),
)
"""(what gets a stand-in, what else speaks for a real key): nothing is set where any of a family is."""

_KNOWN = frozenset(name for names, others in FAMILIES for name in (*names, *others))

_VALUES = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), "us-east-1")
"""A region is a part of a host's name, so no stand-in for a key will do. Who has set one may have real keys in a file,
or from the machine, which only a recording needs."""


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """The same environment with a stand-in for each provider's key that is set in it."""
    # The others of the families choose a profile or a region.
    from pytest_llmcassette.redaction.names import is_secret_variable

    return {
        name: placeholder_for(name) if value and name in _KNOWN and is_secret_variable(name) else value
        for name, value in environ.items()
    }


class Placeholders:
    """Stand-ins in the environment, from `set` to `restore`."""

    def __init__(self) -> None:
        self._set: dict[str, tuple[str, str | None]] = {}

    def set(self, further: Iterable[str] = (), *, may_record: bool) -> None:
        """Fill each family of which nothing is set; `further` are variables that stand for themselves.

        Where nothing is recorded a region speaks for no real key.
        An empty variable counts as unset: CI gives such to forks.
        """
        families = [*FAMILIES, *(((name,), ()) for name in further if name not in _KNOWN)]
        # A copy: every look into os.environ encodes the name.
        before = dict(os.environ)
        for names, others in families:
            speaking = (name for name in others if may_record or name not in _VALUES)
            if not any(map(before.get, names)) and not any(map(before.get, speaking)):
                for name in names:
                    value = _VALUES.get(name) or placeholder_for(name)
                    self._set[name] = (value, before.get(name))
                    os.environ[name] = value

    def restore(self) -> None:
        """Put back what was there, except where the test has set something of its own to stay."""
        for name, (ours, before) in self._set.items():
            if os.environ.get(name) != ours:
                continue
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before
        self._set.clear()

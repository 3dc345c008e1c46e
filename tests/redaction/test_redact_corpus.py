"""Real recordings, which hold no secrets: redaction leaves every byte of them alone."""

from __future__ import annotations

from pathlib import Path

from recorded import loaded

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.redaction import KnownSecrets, Redactor


def test_go_recordings_stay_as_they_are(corpus: Path) -> None:
    redactor = Redactor(CassetteConfig())
    seen = 0
    for path in sorted((corpus / "fantasy").rglob("*.yaml")):
        for interaction in loaded(path):
            seen += 1
            recorded = interaction.request
            assert redactor.recorded_request(recorded) == recorded, path
            again = redactor.request(recorded.method, recorded.url, recorded.headers, recorded.body)
            assert (again.url, again.headers, again.body, again.form) == (
                recorded.url, recorded.headers, recorded.body, recorded.form,
            ), path  # fmt: skip
            response = redactor.response(interaction.response)
            assert response.body == interaction.response.body, path
            assert response.headers.items() <= interaction.response.headers.items(), path
    assert seen == 226


def test_of_the_python_recordings_two_have_keys(corpus: Path, every: int) -> None:
    """PostHog's public project key, which haystack sends along, and an MCP server's token ("fake"), also echoed."""
    redactor = Redactor(CassetteConfig())
    changed = []
    mcp = "test_openai_responses_model_mcp_server_tool_with_connector.yaml"
    for number, path in enumerate(sorted((corpus / "vcrpy").rglob("*.yaml"))):
        if number % every and path.name not in ("test_haystack.yaml", mcp):
            continue
        for interaction in loaded(path):
            assert redactor.frames(interaction.frames, KnownSecrets()) == interaction.frames, path
            for message in (interaction.request, interaction.response):
                content_type = (message.headers.get("Content-Type") or [""])[0]
                if redactor.body(message.body, content_type) != message.body:
                    changed.append((path.name, redactor.body(message.body, content_type).count(b"REDACTED")))
    assert sorted(changed) == [("test_haystack.yaml", 1), (mcp, 1), (mcp, 1)]

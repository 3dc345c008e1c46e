"""A small LLM provider that runs on this machine: real HTTP, real streams, made-up answers.

It speaks five wire protocols (openai chat, openai responses, anthropic messages, gemini, and an openai-compatible
one with Groq's habits), wants an API key, counts tokens, and gives every answer fresh ids and times, as real ones do.
The words themselves follow from the request alone, so that recording again gives the same conversation.

    with EmbeddedProvider() as provider:
        openai.OpenAI(base_url=f"{provider.url}/v1", api_key=provider.api_key)

or, to leave it running: `python -m embedded_provider --port 18765`.
"""

from embedded_provider.server import API_KEY, EmbeddedProvider

__all__ = ["API_KEY", "EmbeddedProvider"]

"""The table: which providers the suite runs against. One line makes a new one; a new SDK needs a builder, too.

They all live in the embedded provider here. In a suite of your own `base_url` is the real one.
"""

import os

from builders.anthropic_messages import AnthropicMessages
from builders.gemini import Gemini
from builders.groq_chat import GroqChat
from builders.openai_chat import OpenAIChat
from builders.openai_responses import OpenAIResponses
from chat import Builder
from pytest_llmcassette import Provider

# A fixed port: it is part of the recorded URLs. The project's tests record again on a port of their own.
URL = os.environ.get("EMBEDDED_URL", "http://127.0.0.1:18765")
KEY = "EMBEDDED_API_KEY"
EVERYTHING = {"tools", "vision", "schema"}

TABLE: list[tuple[Provider, type[Builder]]] = [
    (
        Provider("openai-chat", base_url=f"{URL}/v1", model="tiny-1", api_key_env=KEY, capabilities=EVERYTHING),
        OpenAIChat,
    ),
    (
        Provider("openai-responses", base_url=f"{URL}/v1", model="tiny-1", api_key_env=KEY, capabilities=EVERYTHING),
        OpenAIResponses,
    ),
    (Provider("anthropic", base_url=URL, model="tiny-1", api_key_env=KEY, capabilities=EVERYTHING), AnthropicMessages),
    (Provider("gemini", base_url=URL, model="tiny-1", api_key_env=KEY, capabilities=EVERYTHING), Gemini),
    (Provider("groq", base_url=URL, model="tiny-1", api_key_env=KEY, capabilities=EVERYTHING - {"vision"}), GroqChat),
]

"""groq: OpenAI's chat completions through an SDK of its own, on httpx, with visible reasoning."""

import json
from typing import Any

import groq

from builders.openai_chat import OpenAIChat
from chat import Call, ChunkBuilder, Reply


class GroqChat(ChunkBuilder, OpenAIChat):
    error = groq.APIStatusError

    def client(self, *, asynchronous: bool) -> Any:
        kind = groq.AsyncGroq if asynchronous else groq.Groq
        return kind(base_url=self.provider.base_url, api_key=self.provider.api_key)

    def streaming(self, client: Any, request: dict[str, Any]) -> Any:
        return client.chat.completions.create(**request, stream=True)

    def read(self, answer: Any) -> Reply:
        if hasattr(answer[0].choices[0], "message"):
            return OpenAIChat.read(self, answer[0])
        deltas = [choice.delta for chunk in answer for choice in chunk.choices]
        pieces = [piece for delta in deltas for piece in delta.tool_calls or ()]
        calls = []
        for begun in (piece for piece in pieces if piece.id):
            arguments = "".join(piece.function.arguments or "" for piece in pieces if piece.index == begun.index)
            calls.append(Call(id=begun.id, name=begun.function.name, arguments=json.loads(arguments)))
        reasoning = "".join(delta.reasoning or "" for delta in deltas)
        return Reply(text="".join(d.content or "" for d in deltas), reasoning=reasoning, calls=tuple(calls))

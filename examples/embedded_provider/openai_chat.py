"""OpenAI's chat completions, and the variant that Groq serves (visible reasoning, the usage three times)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from embedded_provider.brain import Answer, Prompt, ProviderError, pieces
from embedded_provider.wire import Json, Wire, bearer, data_uri, fresh, sse, words


class OpenAIChat(Wire):
    path = "/v1/chat/completions"
    shows_thoughts = False

    def serves(self, path: str) -> bool:
        return path == self.path

    def key(self, headers: Mapping[str, str]) -> str:
        return bearer(headers)

    def prompt(self, path: str, body: Json) -> Prompt:
        messages = body["messages"]
        asked = [message for message in messages if message["role"] == "user"]
        results: list[str] = []
        for message in reversed(messages):
            if message["role"] != "tool":
                break
            results.insert(0, str(message["content"]))
        content = asked[-1]["content"] if asked else ""
        parts: list[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else content
        wanted = body.get("response_format") or {}
        return Prompt(
            model=body["model"],
            text=" ".join(part["text"] for part in parts if part["type"] == "text"),
            words=words(messages),
            tools=tuple(
                (tool["function"]["name"], tool["function"].get("parameters", {})) for tool in body.get("tools") or ()
            ),
            results=tuple(results),
            images=tuple(data_uri(part["image_url"]["url"]) for part in parts if part["type"] == "image_url"),
            schema=wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None,
            thinks=bool(body.get("reasoning_effort")),
            stream=bool(body.get("stream")),
            stream_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def usage(self, answer: Answer) -> Json:
        return {
            "prompt_tokens": answer.input_tokens,
            "completion_tokens": answer.output_tokens,
            "total_tokens": answer.input_tokens + answer.output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": answer.thought_tokens},
        }

    def _head(self, prompt: Prompt, kind: str) -> Json:
        return {
            "id": fresh("chatcmpl-"),
            "object": kind,
            "created": int(time.time()),
            "model": f"{prompt.model}-2026-11-01",
            "system_fingerprint": fresh("fp_"),
        }

    def plain(self, prompt: Prompt, answer: Answer) -> Json:
        message: Json = {"role": "assistant", "content": answer.text or None}
        if self.shows_thoughts and answer.thoughts:
            message["reasoning"] = answer.thoughts
        if answer.calls:
            message["tool_calls"] = [
                {"id": fresh("call_"), "type": "function", "function": {"name": call.name, "arguments": call.json}}
                for call in answer.calls
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
        return {**self._head(prompt, "chat.completion"), "choices": [choice], "usage": self.usage(answer)}

    def deltas(self, answer: Answer) -> Iterator[Json]:
        yield {"role": "assistant", "content": None if answer.calls else ""}
        if self.shows_thoughts:
            yield from ({"reasoning": piece} for piece in pieces(answer.thoughts))
        yield from ({"content": piece} for piece in pieces(answer.text))
        for index, call in enumerate(answer.calls):
            function: Json = {"name": call.name, "arguments": ""}
            yield {"tool_calls": [{"index": index, "id": fresh("call_"), "type": "function", "function": function}]}
            for piece in pieces(call.json):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def stream(self, prompt: Prompt, answer: Answer) -> Iterator[bytes]:
        head = self._head(prompt, "chat.completion.chunk")
        extra: Json = {"usage": None} if prompt.stream_usage else {}
        for delta in self.deltas(answer):
            yield sse(head | {"choices": [_choice(delta)]} | extra)
        yield sse(head | {"choices": [_choice({}, _finish(answer))]} | extra | self.last(answer))
        if prompt.stream_usage:
            yield sse(head | {"choices": [], "usage": self.usage(answer)})
        yield b"data: [DONE]\n\n"

    def last(self, answer: Answer) -> Json:
        """What the last chunk with a choice says besides."""
        return {}

    def error(self, error: ProviderError) -> Json:
        kind = "authentication_error" if error.status == 401 else "invalid_request_error"
        return {"error": {"message": error.message, "type": kind, "param": None, "code": error.kind}}


class GroqChat(OpenAIChat):
    path = "/openai/v1/chat/completions"
    shows_thoughts = True

    def usage(self, answer: Answer) -> Json:
        return super().usage(answer) | {"queue_time": 0.01, "prompt_time": 0.001, "total_time": 0.02}

    def last(self, answer: Answer) -> Json:
        usage = self.usage(answer)
        return {"usage": usage, "x_groq": {"id": fresh("req_"), "usage": usage}}


def _choice(delta: Json, finish: str | None = None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _finish(answer: Answer) -> Any:
    return "tool_calls" if answer.calls else "stop"

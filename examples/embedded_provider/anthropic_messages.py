"""Anthropic's messages: content blocks, and a usage that grows while the stream runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from embedded_provider.brain import Answer, Prompt, ProviderError, pieces
from embedded_provider.wire import Json, Wire, bearer, fresh, sse, words

_KINDS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


class AnthropicMessages(Wire):
    def serves(self, path: str) -> bool:
        return path == "/v1/messages"

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-api-key") or bearer(headers)

    def prompt(self, path: str, body: Json) -> Prompt:
        last = body["messages"][-1]["content"]
        blocks: list[Json] = [{"type": "text", "text": last}] if isinstance(last, str) else last
        wanted = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
        return Prompt(
            model=body["model"],
            text=" ".join(block["text"] for block in blocks if block["type"] == "text"),
            words=words(body["messages"]) + words(body.get("system")),
            tools=tuple((tool["name"], tool.get("input_schema") or {}) for tool in body.get("tools") or ()),
            results=tuple(_said(block["content"]) for block in blocks if block["type"] == "tool_result"),
            images=tuple(base64.b64decode(block["source"]["data"]) for block in blocks if block["type"] == "image"),
            schema=wanted.get("schema"),
            thinks=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
            stream=bool(body.get("stream")),
        )

    def _blocks(self, answer: Answer) -> list[Json]:
        blocks: list[Json] = []
        if answer.thoughts:
            # A real signature is new for every answer, too.
            blocks.append({"type": "thinking", "thinking": answer.thoughts, "signature": fresh("sig")})
        if answer.text:
            blocks.append({"type": "text", "text": answer.text})
        return blocks + [
            {"type": "tool_use", "id": fresh("toolu_"), "name": call.name, "input": dict(call.arguments)}
            for call in answer.calls
        ]

    def _message(self, prompt: Prompt, answer: Answer) -> Json:
        return {
            "id": fresh("msg_"),
            "type": "message",
            "role": "assistant",
            "model": f"{prompt.model}-20261101",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": answer.input_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 1,
                "service_tier": "standard",
            },
        }

    def plain(self, prompt: Prompt, answer: Answer) -> Json:
        message = self._message(prompt, answer)
        message["usage"]["output_tokens"] = answer.output_tokens
        return message | {"content": self._blocks(answer), "stop_reason": _stop(answer)}

    def stream(self, prompt: Prompt, answer: Answer) -> Iterator[bytes]:
        def event(kind: str, **fields: object) -> bytes:
            return sse({"type": kind, **fields}, event=kind)

        yield event("message_start", message=self._message(prompt, answer))
        yield event("ping")
        for index, block in enumerate(self._blocks(answer)):
            deltas: list[Json]
            if block["type"] == "thinking":
                begun: Json = {"thinking": "", "signature": ""}
                deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
            elif block["type"] == "text":
                begun = {"text": ""}
                deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
            else:
                begun = {"input": {}}
                arguments = json.dumps(block["input"], ensure_ascii=False, separators=(",", ":"))
                parts = ["", *pieces(arguments)]
                deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
            yield event("content_block_start", index=index, content_block=block | begun)
            for delta in deltas:
                yield event("content_block_delta", index=index, delta=delta)
            yield event("content_block_stop", index=index)
        ended = {"stop_reason": _stop(answer), "stop_sequence": None}
        yield event("message_delta", delta=ended, usage={"output_tokens": answer.output_tokens})
        yield event("message_stop")

    def error(self, error: ProviderError) -> Json:
        body = {"type": _KINDS.get(error.status, "api_error"), "message": error.message}
        return {"type": "error", "error": body, "request_id": fresh("req_")}


def _stop(answer: Answer) -> str:
    return "tool_use" if answer.calls else "end_turn"


def _said(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(block.get("text", "") for block in content)

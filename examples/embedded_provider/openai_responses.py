"""OpenAI's responses: an answer is a list of items, and its stream says each item three times."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping

from embedded_provider.brain import Answer, Call, Prompt, ProviderError, pieces
from embedded_provider.wire import Json, Wire, bearer, data_uri, fresh, sse, words


class OpenAIResponses(Wire):
    def serves(self, path: str) -> bool:
        return path == "/v1/responses"

    def key(self, headers: Mapping[str, str]) -> str:
        return bearer(headers)

    def prompt(self, path: str, body: Json) -> Prompt:
        items = [{"role": "user", "content": body["input"]}] if isinstance(body["input"], str) else body["input"]
        asked = [item for item in items if item.get("role") == "user"]
        results: list[str] = []
        for item in reversed(items):
            if item.get("type") != "function_call_output":
                break
            results.insert(0, str(item["output"]))
        content = asked[-1]["content"] if asked else ""
        parts: list[Json] = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        wanted = (body.get("text") or {}).get("format") or {}
        return Prompt(
            model=body["model"],
            text=" ".join(part["text"] for part in parts if part["type"] == "input_text"),
            words=words(items) + words(body.get("instructions")),
            tools=tuple((tool["name"], tool.get("parameters") or {}) for tool in body.get("tools") or ()),
            results=tuple(results),
            images=tuple(data_uri(part["image_url"]) for part in parts if part["type"] == "input_image"),
            schema=wanted["schema"] if wanted.get("type") == "json_schema" else None,
            thinks=bool((body.get("reasoning") or {}).get("effort")),
            stream=bool(body.get("stream")),
        )

    def _items(self, answer: Answer) -> list[Json]:
        items: list[Json] = []
        if answer.thoughts:
            summary = [{"type": "summary_text", "text": answer.thoughts}]
            items.append({"id": fresh("rs_"), "type": "reasoning", "summary": summary})
        if answer.text:
            content = [{"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}]
            message = {"type": "message", "status": "completed", "role": "assistant", "content": content}
            items.append({"id": fresh("msg_")} | message)
        return items + [_call(call) for call in answer.calls]

    def _response(self, prompt: Prompt) -> Json:
        return {
            "id": fresh("resp_"),
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "model": f"{prompt.model}-2026-11-01",
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": None,
        }

    def _finished(self, response: Json, items: list[Json], answer: Answer) -> Json:
        usage = {
            "input_tokens": answer.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": answer.output_tokens,
            "output_tokens_details": {"reasoning_tokens": answer.thought_tokens},
            "total_tokens": answer.input_tokens + answer.output_tokens,
        }
        return response | {"status": "completed", "output": items, "usage": usage}

    def plain(self, prompt: Prompt, answer: Answer) -> Json:
        return self._finished(self._response(prompt), self._items(answer), answer)

    def stream(self, prompt: Prompt, answer: Answer) -> Iterator[bytes]:
        numbers = itertools.count()

        def event(kind: str, **fields: object) -> bytes:
            return sse({"type": kind, "sequence_number": next(numbers), **fields}, event=kind)

        response = self._response(prompt)
        items = self._items(answer)
        yield event("response.created", response=response)
        yield event("response.in_progress", response=response)
        for index, item in enumerate(items):
            place = {"item_id": item["id"], "output_index": index}
            empty: dict[str, Json] = {"reasoning": {"summary": []}, "message": {"content": [], "status": "in_progress"}}
            begun: Json = empty.get(item["type"], {"arguments": "", "status": "in_progress"})
            yield event("response.output_item.added", output_index=index, item=item | begun)
            if item["type"] == "function_call":
                for piece in pieces(item["arguments"]):
                    yield event("response.function_call_arguments.delta", **place, delta=piece)
                yield event("response.function_call_arguments.done", **place, arguments=item["arguments"])
            elif item["type"] == "reasoning":
                part, place = item["summary"][0], place | {"summary_index": 0}
                yield event("response.reasoning_summary_part.added", **place, part=part | {"text": ""})
                for piece in pieces(part["text"]):
                    yield event("response.reasoning_summary_text.delta", **place, delta=piece)
                yield event("response.reasoning_summary_text.done", **place, text=part["text"])
                yield event("response.reasoning_summary_part.done", **place, part=part)
            else:
                part, place = item["content"][0], place | {"content_index": 0}
                yield event("response.content_part.added", **place, part=part | {"text": ""})
                for piece in pieces(part["text"]):
                    yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
                yield event("response.output_text.done", **place, text=part["text"], logprobs=[])
                yield event("response.content_part.done", **place, part=part)
            yield event("response.output_item.done", output_index=index, item=item)
        yield event("response.completed", response=self._finished(response, items, answer))

    def error(self, error: ProviderError) -> Json:
        kind = "authentication_error" if error.status == 401 else "invalid_request_error"
        return {"error": {"message": error.message, "type": kind, "param": None, "code": error.kind}}


def _call(call: Call) -> Json:
    return {
        "id": fresh("fc_"),
        "type": "function_call",
        "status": "completed",
        "call_id": fresh("call_"),
        "name": call.name,
        "arguments": call.json,
    }

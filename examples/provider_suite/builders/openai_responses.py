"""openai, responses."""

import json
from typing import Any

import openai

from builders.openai_chat import OpenAIChat
from chat import Ask, Call, Reply


class OpenAIResponses(OpenAIChat):
    error = openai.APIStatusError

    def request(self, ask: Ask) -> dict[str, Any]:
        content: list[Any] = [{"type": "input_text", "text": ask.text}]
        if ask.image:
            content.append({"type": "input_image", "image_url": ask.image_uri, "detail": "auto"})
        items: list[Any] = [{"role": "user", "content": content}]
        for call, _ in ask.answered:
            items.append({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.json})
        for call, said in ask.answered:
            items.append({"type": "function_call_output", "call_id": call.id, "output": said})
        request: dict[str, Any] = {"model": ask.model or self.provider.model, "input": items, "store": False}
        if ask.tools:
            tools = [{"name": t.name, "description": t.description, "parameters": t.schema} for t in ask.tools]
            request["tools"] = [{"type": "function", "strict": True} | tool for tool in tools]
        if ask.schema:
            request["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": ask.schema}}
        return request | ({"reasoning": {"effort": "low", "summary": "auto"}} if ask.think else {})

    def send(self, client: Any, request: dict[str, Any]) -> Any:
        return client.responses.create(**request)

    def streaming(self, client: Any, request: dict[str, Any]) -> Any:
        return client.responses.stream(**request)

    def final(self, stream: Any) -> Any:
        return stream.get_final_response()

    def read(self, answer: Any) -> Reply:
        calls = [item for item in answer.output if item.type == "function_call"]
        thoughts = [part.text for item in answer.output if item.type == "reasoning" for part in item.summary]
        called = tuple(Call(id=c.call_id, name=c.name, arguments=json.loads(c.arguments)) for c in calls)
        return Reply(text=answer.output_text, reasoning="".join(thoughts), calls=called)

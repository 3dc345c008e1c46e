"""openai, chat completions."""

import json
from typing import Any

import openai

from chat import Ask, Builder, Call, Reply


class OpenAIChat(Builder):
    error = openai.APIStatusError

    def client(self, *, asynchronous: bool) -> Any:
        kind = openai.AsyncOpenAI if asynchronous else openai.OpenAI
        return kind(base_url=self.provider.base_url, api_key=self.provider.api_key)

    def request(self, ask: Ask) -> dict[str, Any]:
        image = {"type": "image_url", "image_url": {"url": ask.image_uri}}
        content = [{"type": "text", "text": ask.text}, image] if ask.image else ask.text
        messages: list[Any] = [{"role": "user", "content": content}]
        if ask.answered:
            calls = [(call.id, {"name": call.name, "arguments": call.json}) for call, _ in ask.answered]
            tool_calls = [{"id": id, "type": "function", "function": function} for id, function in calls]
            messages.append({"role": "assistant", "tool_calls": tool_calls})
            messages += [{"role": "tool", "tool_call_id": call.id, "content": said} for call, said in ask.answered]
        request: dict[str, Any] = {"model": ask.model or self.provider.model, "messages": messages}
        if ask.tools:
            functions = [{"name": t.name, "description": t.description, "parameters": t.schema} for t in ask.tools]
            request["tools"] = [{"type": "function", "function": function} for function in functions]
        if ask.schema:
            schema = {"name": "answer", "schema": ask.schema, "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        return request | ({"reasoning_effort": "low"} if ask.think else {})

    def send(self, client: Any, request: dict[str, Any]) -> Any:
        return client.chat.completions.create(**request)

    def streaming(self, client: Any, request: dict[str, Any]) -> Any:
        return client.chat.completions.stream(**request, stream_options={"include_usage": True})

    def final(self, stream: Any) -> Any:
        return stream.get_final_completion()

    def read(self, answer: Any) -> Reply:
        message = answer.choices[0].message
        calls = [(c.id, c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or ()]
        called = tuple(Call(id=id, name=name, arguments=arguments) for id, name, arguments in calls)
        return Reply(text=message.content or "", reasoning=getattr(message, "reasoning", None) or "", calls=called)

"""anthropic, messages."""

from typing import Any

import anthropic

from chat import Ask, Builder, Call, Reply


class AnthropicMessages(Builder):
    error = anthropic.APIStatusError

    def client(self, *, asynchronous: bool) -> Any:
        kind = anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic
        return kind(base_url=self.provider.base_url, api_key=self.provider.api_key)

    def request(self, ask: Ask) -> dict[str, Any]:
        content: list[Any] = [{"type": "text", "text": ask.text}]
        if ask.image:
            source = {"type": "base64", "media_type": "image/png", "data": ask.image_base64}
            content.append({"type": "image", "source": source})
        messages: list[Any] = [{"role": "user", "content": content}]
        if ask.answered:
            used = [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.arguments} for c, _ in ask.answered]
            said = [{"type": "tool_result", "tool_use_id": c.id, "content": text} for c, text in ask.answered]
            messages += [{"role": "assistant", "content": used}, {"role": "user", "content": said}]
        model = ask.model or self.provider.model
        request: dict[str, Any] = {"model": model, "max_tokens": 2048, "messages": messages}
        if ask.tools:
            tools = [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in ask.tools]
            request["tools"] = tools
        if ask.schema:
            request["output_config"] = {"format": {"type": "json_schema", "schema": ask.schema}}
        return request | ({"thinking": {"type": "enabled", "budget_tokens": 1024}} if ask.think else {})

    def send(self, client: Any, request: dict[str, Any]) -> Any:
        return client.messages.create(**request)

    def streaming(self, client: Any, request: dict[str, Any]) -> Any:
        return client.messages.stream(**request)

    def final(self, stream: Any) -> Any:
        return stream.get_final_message()

    def read(self, answer: Any) -> Reply:
        text = "".join(block.text for block in answer.content if block.type == "text")
        thoughts = "".join(block.thinking for block in answer.content if block.type == "thinking")
        calls = [block for block in answer.content if block.type == "tool_use"]
        called = tuple(Call(id=call.id, name=call.name, arguments=call.input) for call in calls)
        return Reply(text=text, reasoning=thoughts, calls=called)

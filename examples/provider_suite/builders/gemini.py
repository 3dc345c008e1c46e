"""google-genai, generateContent."""

import contextlib
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types

from chat import Ask, Call, ChunkBuilder, Reply

SCHEMA = "parameters_json_schema"


class Gemini(ChunkBuilder):
    error = errors.APIError

    def client(self, *, asynchronous: bool) -> Any:
        # One HTTP library, whether aiohttp is installed or not.
        own = httpx2.AsyncClient() if asynchronous else None
        options = types.HttpOptions(base_url=self.provider.base_url, httpx_async_client=own)
        client = genai.Client(api_key=self.provider.api_key, http_options=options)
        return closing_both(client.aio, own) if own else contextlib.closing(client)

    def request(self, ask: Ask) -> dict[str, Any]:
        parts: list[Any] = [{"text": ask.text}]
        if ask.image:
            parts.append({"inline_data": {"mime_type": "image/png", "data": ask.image}})
        contents: list[Any] = [{"role": "user", "parts": parts}]
        if ask.answered:
            called = [{"function_call": {"name": c.name, "args": dict(c.arguments)}} for c, _ in ask.answered]
            said = [{"function_response": {"name": c.name, "response": {"result": s}}} for c, s in ask.answered]
            contents += [{"role": "model", "parts": called}, {"role": "user", "parts": said}]
        config: dict[str, Any] = {}
        if ask.tools:
            tools = [{"name": t.name, "description": t.description} | {SCHEMA: t.schema} for t in ask.tools]
            config["tools"] = [{"function_declarations": tools}]
        if ask.schema:
            config |= {"response_mime_type": "application/json", "response_json_schema": ask.schema}
        if ask.think:
            config["thinking_config"] = {"include_thoughts": True}
        return {"model": ask.model or self.provider.model, "contents": contents, "config": config}

    def send(self, client: Any, request: dict[str, Any]) -> Any:
        return client.models.generate_content(**request)

    def streaming(self, client: Any, request: dict[str, Any]) -> Any:
        return client.models.generate_content_stream(**request)

    def read(self, answer: Any) -> Reply:
        parts = [part for chunk in answer for part in chunk.candidates[0].content.parts]
        calls = [part.function_call for part in parts if part.function_call]
        called = tuple(Call(id=call.id, name=call.name, arguments=call.args) for call in calls)
        text, thoughts = ("".join(p.text or "" for p in parts if bool(p.thought) == shown) for shown in (False, True))
        return Reply(text=text, reasoning=thoughts, calls=called)


@contextlib.asynccontextmanager
async def closing_both(client: Any, own: httpx2.AsyncClient) -> Any:
    async with own, client:
        yield client

"""Gemini's generateContent: parts, no stream end marker, CRLF, a usage in every chunk that leaves thoughts out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping

from embedded_provider.brain import Answer, Prompt, ProviderError, pieces
from embedded_provider.wire import Json, Wire, fresh, sse, words

_PATH = re.compile(r"/v1(?:beta)?/models/([^/:]+):(generateContent|streamGenerateContent)")
_STATUS = {401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}


class Gemini(Wire):
    def serves(self, path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-goog-api-key", "")

    def prompt(self, path: str, body: Json) -> Prompt:
        found = _PATH.fullmatch(path)
        assert found is not None
        parts = body["contents"][-1]["parts"]
        settings = body.get("generationConfig") or {}
        thinking = settings.get("thinkingConfig") or {}
        declared = [tool for group in body.get("tools") or () for tool in group.get("functionDeclarations") or ()]
        return Prompt(
            model=found[1],
            text=" ".join(part["text"] for part in parts if "text" in part),
            words=words(body["contents"]) + words(body.get("systemInstruction")),
            tools=tuple(
                (tool["name"], tool.get("parametersJsonSchema") or tool.get("parameters") or {}) for tool in declared
            ),
            results=tuple(
                " ".join(map(str, part["functionResponse"]["response"].values()))
                for part in parts
                if "functionResponse" in part
            ),
            images=tuple(base64.b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part),
            schema=settings.get("responseJsonSchema") or settings.get("responseSchema"),
            # Like every proto3 JSON API Gemini takes both spellings, and google-genai sends the second.
            thinks=bool(thinking.get("includeThoughts") or thinking.get("include_thoughts")),
            stream=found[2] == "streamGenerateContent",
        )

    def _parts(self, answer: Answer, *, cut: bool) -> list[Json]:
        split = pieces if cut else (lambda text: [text] if text else [])
        parts: list[Json] = [{"text": piece, "thought": True} for piece in split(answer.thoughts)]
        parts += [{"text": piece} for piece in split(answer.text)]
        return parts + [{"functionCall": {"name": call.name, "args": dict(call.arguments)}} for call in answer.calls]

    def _chunk(self, prompt: Prompt, answer: Answer, response_id: str, parts: list[Json], *, last: bool) -> Json:
        usage = {
            "promptTokenCount": answer.input_tokens,
            "candidatesTokenCount": answer.visible_tokens if last else 1,
            "totalTokenCount": answer.input_tokens + (answer.output_tokens if last else 1),
        }
        if answer.thoughts and last:
            usage["thoughtsTokenCount"] = answer.thought_tokens
        candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if last:
            candidate["finishReason"] = "STOP"
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": prompt.model,
            "responseId": response_id,
        }

    def plain(self, prompt: Prompt, answer: Answer) -> Json:
        return self._chunk(prompt, answer, fresh(""), self._parts(answer, cut=False), last=True)

    def stream(self, prompt: Prompt, answer: Answer) -> Iterator[bytes]:
        response_id = fresh("")
        parts = self._parts(answer, cut=True)
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            yield sse(self._chunk(prompt, answer, response_id, [part], last=last), end="\r\n")

    def error(self, error: ProviderError) -> Json:
        status = _STATUS.get(error.status, "INTERNAL")
        return {"error": {"code": error.status, "message": error.message, "status": status}}

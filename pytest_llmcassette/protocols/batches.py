"""What a batch answered: a line for each of its requests, read by the protocol that the request spoke.

- `openai.batch`: the output file (also Mistral's and those of compatible hosts), and the batch itself, which adds the
  tokens up: where its file was fetched too, the file has the answers.
- `anthropic.batch`: https://docs.anthropic.com/en/api/retrieving-message-batch-results
- `gemini.batch`: the answers inside the batch, or the file of its results. https://ai.google.dev/gemini-api/docs/batch-api

All are billed at their own prices, the tier `batch`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.documents import counted
from pytest_llmcassette.protocols.json_stream import JsonLines
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, as_time, dict_list

_PATHS = {
    "response": "/v1/responses",
    "text_completion": "/v1/completions",
    "list": "/v1/embeddings",
}


class _Line(NamedTuple):
    """One answer: the path of its request, its status, and its body, which may be an error's."""

    path: str
    status: int
    body: Any


class _Batch(WireProtocol):
    """Many answers as the choices of one transcript, their usage added up."""

    @abstractmethod
    def lines(self, exchange: Exchange) -> Iterator[_Line]:
        """The answers that the exchange holds."""

    def claims(self, exchange: Exchange) -> bool:
        """By the route, and by answers in it: other files and unfinished batches have none."""
        route = exchange.route
        fits = route is not None and route.name == self.name and exchange.status == 200
        return fits and next(self.lines(exchange), None) is not None

    def read(self, exchange: Exchange) -> Transcript:
        """The answers in their order; one that failed is a note."""
        answers = [answer for line in self.lines(exchange) if (answer := _answer(exchange, line)) is not None]
        failed = [(number, one.error) for number, one in enumerate(answers) if one.error is not None]
        models = {one.model_name for one in answers if one.model_name is not None}
        usages = [one.usage for one in answers if one.usage is not None]
        return self.made(
            exchange,
            id=_file(exchange),
            # Several models have no price together.
            model=models.pop() if len(models) == 1 else None,
            choices=tuple(replace(one.choices[0], index=number) for number, one in enumerate(answers) if one.choices),
            complete=all(one.complete or one.error is not None for one in answers),
            error=failed[0][1] if answers and len(failed) == len(answers) else None,
            usage=sum(usages, Usage()) if usages else None,
            created=next((one.created for one in answers if one.created is not None), None),
            notes=tuple(f"answer {number} failed: {error.type} {error.message}" for number, error in failed[:5]),
        )

    def made(self, exchange: Exchange, **fields: Any) -> Transcript:
        """The transcript of a batch, which is billed as one."""
        fields = {"kind": "batch", "service_tier": "batch", **fields}
        return Transcript(protocol=self.name, provider=exchange.provider, stream=False, **fields)


def _answer(exchange: Exchange, line: _Line) -> Transcript | None:
    url = f"{exchange.url.scheme}://{exchange.url.netloc}{line.path}"
    # What a call of this URL is known by, were it made by itself.
    asked = b'{"messages": [], "max_tokens": 1, "input": []}'
    return exchange.read_inside(url, line.body, status=line.status, asked=asked)


def _file(exchange: Exchange) -> str | None:
    """The id of the file that was fetched."""
    _, _, rest = exchange.path.partition("/files/")
    return rest.partition("/")[0].partition(":")[0] or None


def _objects(exchange: Exchange) -> Iterator[dict[str, Any]]:
    return (line for _, line in JsonLines(exchange.body.rstrip() + b"\n"))


class OpenAIBatch(_Batch):
    """`/files/ID/content` of a batch's output, and `/batches/ID` once it is done."""

    name = "openai.batch"

    def claims(self, exchange: Exchange) -> bool:
        """Also of a batch that counts what it took."""
        return super().claims(exchange) or (exchange.route is not None and _batch(exchange) is not None)

    def lines(self, exchange: Exchange) -> Iterator[_Line]:
        """The bodies of the responses; a request that was not answered has an error instead."""
        if b'"custom_id"' not in exchange.body[:4096]:
            return
        for line in _objects(exchange):
            response, error = as_dict(line.get("response")), line.get("error")
            if response or error:
                body = response.get("body") or {"error": error}
                path = _PATHS.get(str(as_dict(body).get("object")), "/v1/chat/completions")
                yield _Line(path, as_int(response.get("status_code")) or (400 if error else 200), body)

    def read(self, exchange: Exchange) -> Transcript:
        """The answers; of a batch the tokens alone, under the id of the file that has the answers."""
        batch = _batch(exchange)
        if batch is None:
            return super().read(exchange)
        return self.made(
            exchange,
            id=as_str(batch.get("output_file_id")),
            model=as_str(batch.get("model")),
            complete=True,
            usage=counted(batch.get("usage")),
            created=as_time(batch.get("created_at")),
        )


def _batch(exchange: Exchange) -> dict[str, Any] | None:
    if "/batches/" not in exchange.path:
        return None
    batch = as_dict(exchange.response_json)
    spent = as_int(as_dict(batch.get("usage")).get("total_tokens"))
    return batch if batch.get("status") in ("completed", "expired", "cancelled") and spent else None


class AnthropicBatch(_Batch):
    """`/v1/messages/batches/ID/results`."""

    name = "anthropic.batch"

    def lines(self, exchange: Exchange) -> Iterator[_Line]:
        """The messages; a request that was cancelled or has expired cost nothing."""
        for line in _objects(exchange):
            result = as_dict(line.get("result"))
            if result.get("type") == "succeeded":
                yield _Line("/v1/messages", 200, result.get("message"))
            elif result.get("type") == "errored":
                yield _Line("/v1/messages", 400, result.get("error"))


class GeminiBatch(_Batch):
    """A batch whose answers stand in it, or the file of its results."""

    name = "gemini.batch"

    def lines(self, exchange: Exchange) -> Iterator[_Line]:
        """The responses."""
        if b'"response"' not in exchange.body:
            return
        document = as_dict(exchange.response_json)
        inline = _inlined(document, 4)
        found = inline if inline or "metadata" in document or "done" in document else _objects(exchange)
        for line in found:
            response, error = line.get("response"), line.get("error")
            if isinstance(response, dict) and ("candidates" in response or "usageMetadata" in response):
                yield _Line("/v1beta/models/batch:generateContent", 200, response)
            elif error and "key" in line:
                yield _Line("/v1beta/models/batch:generateContent", 400, {"error": error})


def _inlined(value: Any, depth: int) -> list[dict[str, Any]]:
    """The list of answers, which stands in objects of its own name."""
    if not isinstance(value, dict) or not depth:
        return []
    listed = dict_list(value.get("inlinedResponses"))
    return listed or next((found for below in value.values() if (found := _inlined(below, depth - 1))), [])


PROTOCOLS = (OpenAIBatch(), AnthropicBatch(), GeminiBatch())

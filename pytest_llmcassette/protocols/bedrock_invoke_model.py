"""Bedrock's InvokeModel of all models but Anthropic's: Nova, Titan, Llama, Mistral, Cohere, AI21 and others.

The usage stands in response headers; in a stream in the last event's `amazon-bedrock-invocationMetrics`.
Anthropic's models are claimed by `anthropic.messages`, which the registry asks first.
"""

from __future__ import annotations

import re

from pytest_llmcassette.protocols.aws_json_stream import AwsJsonStream, aws_error, is_aws_stream, model_in_path
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.http_errors import error_object, is_error
from pytest_llmcassette.protocols.invoke_model_assembly import InvokeModelAssembly
from pytest_llmcassette.protocols.transcript import ExchangeError, Transcript
from pytest_llmcassette.protocols.wire_values import as_int

_PATH = re.compile(r"/model/.+/invoke(?:-with-response-stream)?$")
_HEADERS = {
    "inputTokenCount": "X-Amzn-Bedrock-Input-Token-Count",
    "outputTokenCount": "X-Amzn-Bedrock-Output-Token-Count",
    "cacheReadInputTokenCount": "X-Amzn-Bedrock-Cache-Read-Input-Token-Count",
    "cacheWriteInputTokenCount": "X-Amzn-Bedrock-Cache-Write-Input-Token-Count",
}


class BedrockInvokeModel(WireProtocol):
    """`bedrock.invoke_model`."""

    name = "bedrock.invoke_model"

    def claims(self, exchange: Exchange) -> bool:
        """By path: `/model/ID/invoke` and `/model/ID/invoke-with-response-stream`."""
        return exchange.request.method.upper() == "POST" and _PATH.search(exchange.path) is not None

    def read(self, exchange: Exchange) -> Transcript:
        """The answer, streamed or plain."""
        assembly = InvokeModelAssembly()
        stream = False
        error: ExchangeError | None = None
        complete = False
        shape: tuple[tuple[str, int], ...] = ()
        notes: list[str] = []
        document = exchange.response_json
        if is_error(exchange):
            error = aws_error(exchange)
        elif is_aws_stream(exchange):
            stream = True
            events = AwsJsonStream(exchange.body, exchange.status)
            for _, event in events:
                assembly.take(event)
            error, shape, notes = events.error, events.shape, events.notes
            complete = assembly.finished() and not events.cut and error is None
        elif isinstance(document, dict):
            assembly.take(document)
            # Image models write `"error": null` beside their images.
            error = error_object(document, status=exchange.status) if document.get("error") else None
            complete = error is None and (assembly.finished() or assembly.embeds or bool(document.get("images")))
        else:
            error = ExchangeError(
                status=exchange.status,
                type="unreadable",
                message="The recorded answer is neither JSON nor an AWS event stream.",
            )
        headers = {} if stream else {name: as_int(exchange.header(header)) for name, header in _HEADERS.items()}
        return Transcript(
            protocol=self.name,
            provider=exchange.provider,
            stream=stream,
            id=assembly.id,
            request_model=model_in_path(exchange.path),
            model=assembly.model,
            choices=assembly.choices(),
            complete=complete,
            error=error,
            usage=assembly.usage(headers),
            shape=shape,
            notes=tuple(notes),
        )


PROTOCOLS = (BedrockInvokeModel(),)

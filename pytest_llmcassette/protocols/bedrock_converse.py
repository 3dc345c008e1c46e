"""Bedrock's Converse and ConverseStream: one shape for every model that Bedrock serves.

Format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. The answer names no id and no
model. In a stream the usage comes after the end of the message, in the last event, `metadata`.
"""

from __future__ import annotations

import re

from pytest_llmcassette.protocols.aws_json_stream import AwsJsonStream, aws_error, is_aws_stream, model_in_path
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.converse_assembly import ConverseAssembly
from pytest_llmcassette.protocols.http_errors import error_object, is_error
from pytest_llmcassette.protocols.transcript import ExchangeError, Transcript

_PATH = re.compile(r"/model/.+/converse(?:-stream)?$")


class BedrockConverse(WireProtocol):
    """`bedrock.converse`."""

    name = "bedrock.converse"

    def claims(self, exchange: Exchange) -> bool:
        """By path: `/model/ID/converse` and `/model/ID/converse-stream`."""
        return exchange.request.method.upper() == "POST" and _PATH.search(exchange.path) is not None

    def read(self, exchange: Exchange) -> Transcript:
        """The message, streamed or plain."""
        assembly = ConverseAssembly()
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
            for name, event in events:
                assembly.event(name, event)
            error, shape, notes = events.error, events.shape, events.notes
            complete = assembly.stopped and not events.cut and error is None
        elif isinstance(document, dict):
            assembly.plain(document)
            if not assembly.choices():
                error = error_object(document, status=exchange.status)
            complete = assembly.finish_reason is not None
        else:
            error = ExchangeError(
                status=exchange.status,
                type="unreadable",
                message="The recorded answer is neither JSON nor an AWS event stream.",
            )
        return Transcript(
            protocol=self.name,
            provider=exchange.provider,
            stream=stream,
            request_model=model_in_path(exchange.path),
            choices=assembly.choices(),
            complete=complete,
            error=error,
            usage=assembly.usage(),
            shape=shape,
            notes=tuple(notes),
        )


PROTOCOLS = (BedrockConverse(),)

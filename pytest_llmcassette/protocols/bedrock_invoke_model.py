"""Bedrock's InvokeModel of all models but Anthropic's: Nova, Titan, Llama, Mistral, Cohere, AI21 and others.

The usage stands in response headers; in a stream in the last event's `amazon-bedrock-invocationMetrics`.
Anthropic's models are claimed by `anthropic.messages`, which the registry asks first.
"""

from __future__ import annotations

import re

from pytest_llmcassette.protocols.aws_json_stream import model_in_path, read_bedrock
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.invoke_model_assembly import InvokeModelAssembly
from pytest_llmcassette.protocols.transcript import Transcript

_PATH = re.compile(r"/model/.+/invoke(?:-with-response-stream)?$")


class BedrockInvokeModel(WireProtocol):
    """`bedrock.invoke_model`."""

    name = "bedrock.invoke_model"

    def claims(self, exchange: Exchange) -> bool:
        """By path: `/model/ID/invoke` and `/model/ID/invoke-with-response-stream`."""
        return _PATH.search(exchange.posted_to) is not None

    def read(self, exchange: Exchange) -> Transcript:
        """The answer, streamed or plain."""
        assembly = InvokeModelAssembly(exchange)
        read_bedrock(assembly)
        return assembly.transcript(self.name, model_in_path(exchange.path))


PROTOCOLS = (BedrockInvokeModel(),)

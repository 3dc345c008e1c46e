"""Bedrock's Converse and ConverseStream: one shape for every model that Bedrock serves.

Format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. The answer names no id and no
model. In a stream the usage comes after the end of the message, in the last event, `metadata`.
"""

from __future__ import annotations

import re

from pytest_llmcassette.protocols.aws_json_stream import model_in_path, read_bedrock
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.converse_assembly import ConverseAssembly
from pytest_llmcassette.protocols.transcript import Transcript

_PATH = re.compile(r"/model/.+/converse(?:-stream)?$")


class BedrockConverse(WireProtocol):
    """`bedrock.converse`."""

    name = "bedrock.converse"

    def claims(self, exchange: Exchange) -> bool:
        """By path: `/model/ID/converse` and `/model/ID/converse-stream`."""
        return _PATH.search(exchange.posted_to) is not None

    def read(self, exchange: Exchange) -> Transcript:
        """The message, streamed or plain."""
        assembly = ConverseAssembly(exchange)
        read_bedrock(assembly)
        return assembly.transcript(self.name, model_in_path(exchange.path))


PROTOCOLS = (BedrockConverse(),)

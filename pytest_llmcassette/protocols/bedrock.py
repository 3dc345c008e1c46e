"""Bedrock's own APIs: Converse, one shape for every model that Bedrock serves, and InvokeModel, each model's own.

Format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. The answer of Converse names
no id and no model. In a stream the usage comes after the end of the message, in the last event, `metadata`.

InvokeModel is read here for all models but Anthropic's: Nova, Titan, Llama, Mistral, Cohere, AI21 and others. The usage
stands in response headers; in a stream in the last event's `amazon-bedrock-invocationMetrics`. Anthropic's models are
claimed by `anthropic.messages`, which the registry asks first.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_llmcassette.protocols.assembly import AssembledProtocol
from pytest_llmcassette.protocols.aws_json_stream import with_aws_errors
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.converse_assembly import ConverseAssembly
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.invoke_model_assembly import OWN_COUNTS, InvokeModelAssembly

_FORMS = with_aws_errors(
    Forms(
        opening=frozenset({"messageStart"}),
        growing=frozenset({"contentBlockDelta"}),
        length="max_tokens",
        usage=frozenset({"usage", "amazon-bedrock-invocationMetrics"}),
    )
)


class _BedrockProtocol(AssembledProtocol):
    path: re.Pattern[str]
    forms = _FORMS

    def claims(self, exchange: Exchange) -> bool:
        """By path."""
        return self.path.search(exchange.posted_to) is not None


class BedrockConverse(_BedrockProtocol):
    """`bedrock.converse`: `/model/ID/converse` and `/model/ID/converse-stream`."""

    name = "bedrock.converse"
    path = re.compile(r"/model/.+/converse(?:-stream)?$")
    assembly = ConverseAssembly


class BedrockInvokeModel(_BedrockProtocol):
    """`bedrock.invoke_model`: `/model/ID/invoke` and `/model/ID/invoke-with-response-stream`."""

    name = "bedrock.invoke_model"
    path = re.compile(r"/model/.+/invoke(?:-with-response-stream)?$")
    assembly = InvokeModelAssembly
    # Each model family has events of its own.
    forms = replace(_FORMS, opening=frozenset(), growing=frozenset(), usage=_FORMS.usage.union(*OWN_COUNTS))


PROTOCOLS = (BedrockConverse(), BedrockInvokeModel())

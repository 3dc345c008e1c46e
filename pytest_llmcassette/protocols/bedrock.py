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

from pytest_llmcassette.protocols.assembly import AssembledProtocol, Assembly
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


# Within InvokeModel each model family has events of its own.
_OF_ALL = replace(_FORMS, opening=frozenset(), growing=frozenset(), usage=_FORMS.usage.union(*OWN_COUNTS))


class BedrockProtocol(AssembledProtocol):
    """A row: its name, the verb of its URL (`/model/ID/VERB`), what puts its answers together, and its forms."""

    def __init__(self, name: str, verb: str, assembly: type[Assembly], forms: Forms) -> None:
        self.name, self.assembly, self.forms = name, assembly, forms
        self._path = re.compile(f"/model/.+/{verb}$")

    def claims(self, exchange: Exchange) -> bool:
        """By path."""
        return self._path.search(exchange.posted_to) is not None


PROTOCOLS = (
    BedrockProtocol("bedrock.converse", "converse(?:-stream)?", ConverseAssembly, _FORMS),
    BedrockProtocol("bedrock.invoke_model", "invoke(?:-with-response-stream)?", InvokeModelAssembly, _OF_ALL),
)

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

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.aws_json_stream import with_aws_errors
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.converse_assembly import ConverseAssembly
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.invoke_model_assembly import OWN_COUNTS, InvokeModelAssembly

_CONVERSE = re.compile("/model/.+/converse(?:-stream)?$")
_INVOKE = re.compile("/model/.+/invoke(?:-with-response-stream)?$")
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


def _is_converse(exchange: Exchange) -> bool:
    """By path."""
    return _CONVERSE.search(exchange.posted_to) is not None


def _is_invoke(exchange: Exchange) -> bool:
    """By path."""
    return _INVOKE.search(exchange.posted_to) is not None


PROTOCOLS = (
    ProtocolRow("bedrock.converse", ConverseAssembly, _is_converse, _FORMS),
    ProtocolRow("bedrock.invoke_model", InvokeModelAssembly, _is_invoke, _OF_ALL),
)

"""Which URL is whose, for the APIs that are known by their URL: a line for each, their modules imported when first met.

A line is a protocol's name, the module that has it, and its requests: the method and the URL without scheme, query and
slashes at its end. The first line that fits is taken; whether the exchange is such a call the protocol itself says. The
protocols of `registry._MODULES`, which look at more than the URL, are asked before.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple


class Route(NamedTuple):
    """A protocol's name, its module, and a pattern of its requests."""

    name: str
    module: str
    requests: str


_TABLE = r"""
openai.images          images                 POST .*/images/(?:generations|edits|variations)
openai.speech          audio                  POST .*/audio/speech
openai.transcription   audio                  POST .*/audio/(?:transcriptions|translations)
openai.assistants      openai_assistants      POST .*/threads/(?:[^/]+/)?runs(?:/[^/]+/submit_tool_outputs)?
openai.assistants      openai_assistants      GET .*/threads/[^/]+/runs/[^/]+
openai.videos          images                 GET .*/videos/[^/]+
openai.batch           batches                GET .*/(?:files/[^/]+/content|batches/batch_[^/]+)
anthropic.batch        batches                GET .*/messages/batches/[^/]+/results
gemini.batch           batches                GET .*/v1\w*/(?:batches/[^/:]+|files/[^/]+:download)
gemini.interactions    gemini_interactions    (?:POST|GET) .*/v1\w*/(?:.*/)?interactions(?:/[^/]+)?
gemini.predict         gemini_predict         POST .*/models/[^/:]+:(?:predict|fetchPredictOperation)
gemini.predict         gemini_predict         GET .*/v1\w*/.*operations/[^/:]+
mistral.conversations  mistral_conversations  POST [^/]*mistral[^/]*/.*/conversations(?:/[^/]+)?(?:/restart)?
mistral.moderation     pages                  POST [^/]*mistral[^/]*/.*/(?:moderations|classifications)
mistral.ocr            pages                  POST .*/(?:ocr|mistral-ocr[^/:]*:rawPredict)
cohere.chat_v1         cohere_v1              POST .*/v1/chat
cohere.generate        cohere_v1              POST [^/]*cohere[^/]*/.*v1/(?:generate|summarize)
cohere.classify        pages                  POST [^/]*(?:cohere|jina)[^/]*/.*v1/classify
cohere.parse           pages                  POST [^/]*cohere[^/]*/.*v2/parse
bedrock.rerank         bedrock_extras         POST bedrock-agent-runtime[^/]*/rerank
bedrock.guardrail      bedrock_extras         POST bedrock-runtime[^/]*/guardrail/.+/apply
cohere.rerank          rerank                 POST .*/re-?rank(?:ing)?
replicate.prediction   replicate              (?:POST|GET) [^/]*replicate\.com/.*/predictions(?:/[^/]+)?
replicate.prediction   replicate              GET stream[^/]*replicate\.(?:com|delivery)/.*
llamacpp.completion    llama_cpp              POST .*/(?:completions?|infill)
tgi.generate           huggingface            POST .*/(?:generate(?:_stream)?|endpoints/[^/]+/invocations)
tgi.generate           huggingface            POST [^/]*\.endpoints\.huggingface\.cloud
huggingface.inference  huggingface            POST [^/]*huggingface\.co/(?:hf-inference/)?(?:models|pipeline)/.+
cloudflare.run         cloudflare             POST .*/(?:ai/run|workers-ai)/@.+
dashscope.generation   dashscope              POST [^/]*dashscope[^/]*/api/v1/services/.+
dashscope.generation   dashscope              GET [^/]*dashscope[^/]*/api/v1/tasks/[^/]+
watsonx.generation     watsonx                POST .*/ml/v1/(?:deployments/[^/]+/)?text/generation(?:_stream)?
watsonx.embeddings     watsonx                POST .*/ml/v1/text/(?:embeddings|rerank)
snowflake.complete     snowflake              POST .*/cortex/inference:complete
snowflake.embed        snowflake              POST .*/cortex/inference:embed
deepgram.speech        audio                  POST api[^/]*\.deepgram\.com/v1/speak
deepgram.transcription audio                  POST api[^/]*\.deepgram\.com/v1/listen
elevenlabs.speech      audio                  POST api[^/]*\.elevenlabs\.io/v1/(?:text-to-speech|sound-generation).*
elevenlabs.transcription audio                POST api[^/]*\.elevenlabs\.io/v1/speech-to-text
assemblyai.transcription audio                GET api[^/]*\.assemblyai\.com/v2/transcript/[^/]+
stability.images       images                 POST api\.stability\.ai/.*(?:stable-image|generation)/.+
fireworks.images       images                 POST api\.fireworks\.ai/inference/v1/(?:workflows|image_generation)/.+
perplexity.search      perplexity             POST api\.perplexity\.ai/search
perplexity.async       perplexity             (?:POST|GET) api\.perplexity\.ai/.*async/(?:chat/completions|sonar).*
"""

ROUTES = tuple(Route(*line.split(None, 2)) for line in _TABLE.strip().splitlines())


@cache
def _any() -> re.Pattern[str]:
    # Made when first asked for: it takes 10 ms, and a suite that only chats never asks.
    return re.compile("|".join(f"({route.requests})" for route in ROUTES))


def route_of(method: str, host: str, path: str) -> Route | None:
    """The route of a request, its host in lower case, its path as sent; None when there is none."""
    found = _any().fullmatch(f"{method.upper()} {host}{path.rstrip('/')}")
    return None if found is None or found.lastindex is None else ROUTES[found.lastindex - 1]

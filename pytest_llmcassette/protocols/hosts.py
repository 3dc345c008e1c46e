"""The short name of the company or product behind a host."""

from __future__ import annotations

_TABLE = """
ai21         api.ai21.com
alephalpha   api.aleph-alpha.com
alibaba      dashscope.aliyuncs.com dashscope-intl.aliyuncs.com dashscope-us.aliyuncs.com
anthropic    .anthropic.com
assemblyai   api.assemblyai.com
avian        api.avian.io
azure        .openai.azure.com .cognitiveservices.azure.com .services.ai.azure.com
azure        .models.ai.azure.com .inference.ai.azure.com
baseten      inference.baseten.co
cerebras     api.cerebras.ai
cohere       api.cohere.ai .cohere.com
databricks   .databricks.com
deepgram     api.deepgram.com
deepinfra    api.deepinfra.com
deepseek     api.deepseek.com
elevenlabs   api.elevenlabs.io .api.elevenlabs.io
fireworks    api.fireworks.ai
gemini       generativelanguage.googleapis.com
github       models.github.ai models.inference.ai.azure.com api.githubcopilot.com
groq         api.groq.com
heroku       api.heroku.com us.inference.heroku.com eu.inference.heroku.com
huggingface  router.huggingface.co api-inference.huggingface.co .huggingface.cloud .hf.space
hyperbolic   api.hyperbolic.xyz
minimax      api.minimax.io api.minimaxi.com
mistral      .mistral.ai
moonshotai   api.moonshot.ai api.moonshot.cn
nebius       api.studio.nebius.com api.studio.nebius.ai api.tokenfactory.nebius.com
novita       api.novita.ai
nvidia       integrate.api.nvidia.com
ollama       ollama.com
openai       .openai.com
openrouter   openrouter.ai .openrouter.ai
ovhcloud     .ovh.net
perplexity   api.perplexity.ai
pydantic     gateway.pydantic.dev
replicate    api.replicate.com .replicate.com
sambanova    api.sambanova.ai
scaleway     api.scaleway.ai
snowflake    .snowflakecomputing.com
stability    api.stability.ai
synthetic    api.synthetic.new
together     api.together.xyz api.together.ai
venice       api.venice.ai
vercel       ai-gateway.vercel.sh api.v0.dev
vertex       aiplatform.googleapis.com .aiplatform.googleapis.com -aiplatform.googleapis.com .rep.googleapis.com
watsonx      .ml.cloud.ibm.com
xai          .x.ai
zai          api.z.ai open.bigmodel.cn
-            api.voyageai.com .jina.ai api.cloudflare.com gateway.ai.cloudflare.com api.writer.com api.portkey.ai
-            api.upstage.ai api.friendli.ai api.reka.ai api.siliconflow.cn api.siliconflow.com api.stepfun.com
-            api.hunyuan.cloud.tencent.com api-atlas.nomic.ai .azuredatabricks.net .inference.ml.azure.com
-            .maas.aliyuncs.com .volces.com .baidubce.com .api.nvidia.com .helicone.ai .oci.oraclecloud.com
"""
"""Providers: a short name (`-`: the host itself), and hosts. One with a dot or a hyphen first is an end of one."""

_HOSTS = [(host, name) for name, *hosts in map(str.split, _TABLE.strip().splitlines()) for host in hosts]
_BY_HOST = tuple(host for host, name in _HOSTS if name == "-")
_EXACT = {host: name for host, name in _HOSTS if name != "-"}
_SUFFIXES = [(host, name) for host, name in _EXACT.items() if host.startswith((".", "-"))]

# Where these servers listen unless told otherwise; only on this machine does a port say so much.
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"})
_LOCAL_PORTS = {11434: "ollama", 8080: "llama.cpp", 8000: "vllm", 1234: "lmstudio", 4000: "litellm"}

_OLLAMA_PATHS = ("/api/chat", "/api/generate", "/api/embed", "/api/embeddings")


def is_known(host: str) -> bool:
    """Whether a host, without port, is one of a provider in the tables; a server of one's own is none."""
    host = host.lower().rstrip(".")
    if host.startswith("runtime.sagemaker."):
        return host.endswith(".amazonaws.com")
    return provider_at(host) != host or host.endswith(_BY_HOST)


def provider_at(host: str, path: str = "", port: int | None = None) -> str:
    """The provider's short name (`openai`, `azure`, `bedrock`, ...), else the host itself; `""` for an empty host.

    `host` without port. `path` and `port` help where the host says nothing: Ollama is known by its own paths, a
    server on this machine by its usual port.
    """
    host = host.lower().rstrip(".")
    name = _EXACT.get(host)
    if name is not None:
        return name
    if (host.startswith("bedrock-") or ".bedrock-" in host) and (".amazonaws.com" in host or host.endswith(".api.aws")):
        return "bedrock"
    for suffix, name in _SUFFIXES:
        if host.endswith(suffix):
            return name
    if path in _OLLAMA_PATHS:
        return "ollama"
    return _LOCAL_PORTS.get(port or 0, host) if host in _LOCAL_HOSTS else host

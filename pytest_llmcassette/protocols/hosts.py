"""The short name of the company or product behind a host."""

from __future__ import annotations

_EXACT = {
    "generativelanguage.googleapis.com": "gemini",
    "aiplatform.googleapis.com": "vertex",
    "openrouter.ai": "openrouter",
    "api.groq.com": "groq",
    "ai-gateway.vercel.sh": "vercel",
    "api.v0.dev": "vercel",
    "router.huggingface.co": "huggingface",
    "api-inference.huggingface.co": "huggingface",
    "api.cohere.ai": "cohere",
    "ollama.com": "ollama",
    "api.deepseek.com": "deepseek",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.fireworks.ai": "fireworks",
    "api.cerebras.ai": "cerebras",
    "api.z.ai": "zai",
    "open.bigmodel.cn": "zai",
    "api.avian.io": "avian",
    "api.perplexity.ai": "perplexity",
    "models.github.ai": "github",
    "models.inference.ai.azure.com": "github",
    "api.githubcopilot.com": "github",
    "api.moonshot.ai": "moonshotai",
    "api.moonshot.cn": "moonshotai",
    "dashscope.aliyuncs.com": "alibaba",
    "dashscope-intl.aliyuncs.com": "alibaba",
    "dashscope-us.aliyuncs.com": "alibaba",
    "api.sambanova.ai": "sambanova",
    "api.deepinfra.com": "deepinfra",
    "integrate.api.nvidia.com": "nvidia",
    "api.novita.ai": "novita",
    "api.studio.nebius.com": "nebius",
    "api.studio.nebius.ai": "nebius",
    "api.tokenfactory.nebius.com": "nebius",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.ai21.com": "ai21",
    "api.aleph-alpha.com": "alephalpha",
    "api.replicate.com": "replicate",
    "api.minimax.io": "minimax",
    "api.minimaxi.com": "minimax",
    "api.heroku.com": "heroku",
    "us.inference.heroku.com": "heroku",
    "eu.inference.heroku.com": "heroku",
    "inference.baseten.co": "baseten",
    "api.synthetic.new": "synthetic",
    "api.venice.ai": "venice",
    "api.scaleway.ai": "scaleway",
    "gateway.pydantic.dev": "pydantic",
    "api.stability.ai": "stability",
    "api.deepgram.com": "deepgram",
    "api.elevenlabs.io": "elevenlabs",
    "api.assemblyai.com": "assemblyai",
}

_SUFFIXES = (
    (".openai.com", "openai"),
    (".anthropic.com", "anthropic"),
    (".openai.azure.com", "azure"),
    (".cognitiveservices.azure.com", "azure"),
    (".services.ai.azure.com", "azure"),
    (".models.ai.azure.com", "azure"),
    (".inference.ai.azure.com", "azure"),
    (".aiplatform.googleapis.com", "vertex"),
    ("-aiplatform.googleapis.com", "vertex"),
    (".rep.googleapis.com", "vertex"),
    (".openrouter.ai", "openrouter"),
    (".x.ai", "xai"),
    (".huggingface.cloud", "huggingface"),
    (".hf.space", "huggingface"),
    (".mistral.ai", "mistral"),
    (".cohere.com", "cohere"),
    (".ml.cloud.ibm.com", "watsonx"),
    (".ovh.net", "ovhcloud"),
    (".databricks.com", "databricks"),
    (".snowflakecomputing.com", "snowflake"),
    (".replicate.com", "replicate"),
    (".api.elevenlabs.io", "elevenlabs"),
)

# Providers as well, named by their hosts.
_BY_HOST = (
    "api.voyageai.com",
    ".jina.ai",
    "api.cloudflare.com",
    "gateway.ai.cloudflare.com",
    "api.writer.com",
    "api.portkey.ai",
    "api.upstage.ai",
    "api.friendli.ai",
    "api.reka.ai",
    "api.siliconflow.cn",
    "api.siliconflow.com",
    "api.hunyuan.cloud.tencent.com",
    "api.stepfun.com",
    "api-atlas.nomic.ai",
    ".azuredatabricks.net",
    ".inference.ml.azure.com",
    ".maas.aliyuncs.com",
    ".volces.com",
    ".baidubce.com",
    ".api.nvidia.com",
    ".helicone.ai",
    ".oci.oraclecloud.com",
)

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

"""xAI's API over gRPC, as far as its SDK's tests here need it, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import grpc
from xai_sdk.proto import (
    chat_pb2,
    chat_pb2_grpc,
    deferred_pb2,
    embed_pb2,
    embed_pb2_grpc,
    image_pb2,
    image_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    sample_pb2,
    tokenize_pb2,
    tokenize_pb2_grpc,
    usage_pb2,
)

from servers.rpc import RpcServer

_USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "reasoning_tokens": 1}


class GrokServer(RpcServer):
    """`with GrokServer() as server:` Its answers count up, so that a replay can be told from a live call.

    A client whose channel carries its key, as it does to xAI, takes `secure_target`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.keys: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        chat_pb2_grpc.add_ChatServicer_to_server(_Chat(self), self._server)
        embed_pb2_grpc.add_EmbedderServicer_to_server(_Embedder(self), self._server)
        image_pb2_grpc.add_ImageServicer_to_server(_Image(self), self._server)
        models_pb2_grpc.add_ModelsServicer_to_server(_Models(self), self._server)
        tokenize_pb2_grpc.add_TokenizeServicer_to_server(_Tokenize(self), self._server)

    def note(self, name: str, context: Any) -> int:
        self.asked.append(name)
        self.keys.append(str(dict(context.invocation_metadata()).get("authorization", "")))
        return len(self.asked)


class _Service:
    def __init__(self, server: GrokServer) -> None:
        self.server = server


def _completion(request: Any, text: str) -> Any:
    message = chat_pb2.CompletionMessage(content=text, role=chat_pb2.ROLE_ASSISTANT)
    if request.tools:
        function = chat_pb2.FunctionCall(name=request.tools[0].function.name, arguments='{"city":"Rome"}')
        message.tool_calls.append(chat_pb2.ToolCall(id="call_1", function=function))
    if request.response_format.format_type == chat_pb2.FORMAT_TYPE_JSON_SCHEMA:
        message.content = '{"name": "Ada", "age": 36}'
    output = chat_pb2.CompletionOutput(message=message, finish_reason=sample_pb2.REASON_STOP)
    usage = usage_pb2.SamplingUsage(**_USAGE)
    return chat_pb2.GetChatCompletionResponse(id="cmpl-1", model=request.model, outputs=[output], usage=usage)


class _Chat(_Service, chat_pb2_grpc.ChatServicer):  # type: ignore[misc]
    polls = 0

    def GetCompletion(self, request: Any, context: Any) -> Any:  # noqa: N802
        number = self.server.note("GetCompletion", context)
        if request.model == "no-such-model":
            context.abort(grpc.StatusCode.NOT_FOUND, "The model no-such-model does not exist")
        if request.model == "locked":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "bad key")
        if request.model == "busy":
            context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
        return _completion(request, f"answer {number}")

    def GetCompletionChunk(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        number = self.server.note("GetCompletionChunk", context)
        for place, text in enumerate(("ans", "wer ", str(number))):
            delta = chat_pb2.Delta(content=text, role=chat_pb2.ROLE_ASSISTANT)
            output = chat_pb2.CompletionOutputChunk(delta=delta)
            chunk = chat_pb2.GetChatCompletionChunk(id="cmpl-1", model=request.model, outputs=[output])
            if place == 2:
                assert self.server.go_on.wait(10)
                output.finish_reason = sample_pb2.REASON_STOP
                chunk = chat_pb2.GetChatCompletionChunk(
                    id="cmpl-1", model=request.model, outputs=[output], usage=usage_pb2.SamplingUsage(**_USAGE)
                )
            yield chunk

    def StartDeferredCompletion(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.server.note("StartDeferredCompletion", context)
        return deferred_pb2.StartDeferredResponse(request_id="deferred-1")

    def GetDeferredCompletion(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.server.note("GetDeferredCompletion", context)
        self.polls += 1
        if self.polls % 2:
            return chat_pb2.GetDeferredCompletionResponse(status=deferred_pb2.PENDING)
        response = _completion(chat_pb2.GetCompletionsRequest(model="grok-4"), "deferred")
        return chat_pb2.GetDeferredCompletionResponse(status=deferred_pb2.DONE, response=response)


class _Embedder(_Service, embed_pb2_grpc.EmbedderServicer):  # type: ignore[misc]
    def Embed(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.server.note("Embed", context)
        vector = embed_pb2.FeatureVector(float_array=[0.25, -1.5])
        return embed_pb2.EmbedResponse(
            id="emb-1", model=request.model, embeddings=[embed_pb2.Embedding(embeddings=[vector])]
        )


class _Image(_Service, image_pb2_grpc.ImageServicer):  # type: ignore[misc]
    def GenerateImage(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.server.note("GenerateImage", context)
        image = image_pb2.GeneratedImage(base64="data:image/jpeg;base64,AAAA", respect_moderation=True)
        return image_pb2.ImageResponse(model=request.model, images=[image])


class _Models(_Service, models_pb2_grpc.ModelsServicer):  # type: ignore[misc]
    def ListLanguageModels(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.server.note("ListLanguageModels", context)
        return models_pb2.ListLanguageModelsResponse(models=[models_pb2.LanguageModel(name="grok-4", version="1")])


class _Tokenize(_Service, tokenize_pb2_grpc.TokenizeServicer):  # type: ignore[misc]
    def TokenizeText(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.server.note("TokenizeText", context)
        token = tokenize_pb2.Token(token_id=9, string_token=request.text, token_bytes=request.text.encode())
        return tokenize_pb2.TokenizeTextResponse(model=request.model, tokens=[token])

"""A gRPC server on this machine. Its messages are bytes, or JSON values as protobuf has them (`Struct`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc

from servers.rpc import RpcServer

SECRET = "sk-proj-0123456789abcdefghijklmnop"
SLOW_SECONDS = 5.0


class CallServer(RpcServer):
    """`/test.Calls/Unary`, `Stream`, `Collect`, `Talk` (all four kinds) and what goes wrong. `seen` are its calls."""

    def __init__(self) -> None:
        super().__init__([_Handler(self)])
        self.seen: list[str] = []
        self.metadata: list[dict[str, Any]] = []
        self.go_on = threading.Event()
        self.failures = 0
        """How many calls of `Flaky` are to fail."""
        self.url = f"http://{self.target}/test.Calls"

    # The methods. Bytes come in, and bytes go out.

    def unary(self, request: bytes, context: Any) -> bytes:
        context.send_initial_metadata((("x-initial", "yes"),))
        context.set_trailing_metadata((("retry-after", "7"), ("x-private", SECRET)))
        return request

    def stream(self, request: bytes, context: Any) -> Iterator[bytes]:
        for _ in range(3):
            yield request

    def gate(self, request: bytes, context: Any) -> Iterator[bytes]:
        yield request
        assert self.go_on.wait(10)
        yield request

    def endless(self, request: bytes, context: Any) -> Iterator[bytes]:
        while context.is_active():
            yield request
            time.sleep(0.005)

    def collect(self, requests: Iterator[bytes], context: Any) -> bytes:
        return b"".join(requests)

    def talk(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for request in requests:
            yield request
            yield request

    def fail(self, request: bytes, context: Any) -> bytes:
        context.set_trailing_metadata((("retry-after", "7"),))
        raise context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such model: ä")

    def flaky(self, request: bytes, context: Any) -> bytes:
        if self.failures:
            self.failures -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "try again")
        return request

    def slow(self, request: bytes, context: Any) -> bytes:
        left = threading.Event()
        context.add_callback(left.set)
        left.wait(SLOW_SECONDS)
        return request


_KINDS = {
    "Stream": grpc.unary_stream_rpc_method_handler,
    "Gate": grpc.unary_stream_rpc_method_handler,
    "Endless": grpc.unary_stream_rpc_method_handler,
    "Collect": grpc.stream_unary_rpc_method_handler,
    "Talk": grpc.stream_stream_rpc_method_handler,
}


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, server: CallServer) -> None:
        self._server = server

    def service(self, handler_call_details: Any) -> Any:
        name = handler_call_details.method.rpartition("/")[2]
        self._server.seen.append(name)
        self._server.metadata.append(dict(handler_call_details.invocation_metadata))
        return _KINDS.get(name, grpc.unary_unary_rpc_method_handler)(getattr(self._server, name.lower()))

"""The plain server behind a WebSocket and behind gRPC: what is asked there it counts and answers as over HTTP."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from servers.plain import PlainServer


@contextmanager
def by_messages(server: PlainServer) -> Iterator[str]:
    """The URL of a WebSocket, each of whose messages is a request for its path."""
    from websockets.sync.server import ServerConnection, serve

    def handle(ws: ServerConnection) -> None:
        assert ws.request is not None
        for message in ws:
            body = message.encode() if isinstance(message, str) else message
            ws.send(server.answer("POST", ws.request.path.partition("?")[0], "", body)[2].decode())

    logger = logging.Logger("silent", logging.CRITICAL + 1)
    with serve(handle, "127.0.0.1", 0, logger=logger) as sockets:
        thread = threading.Thread(target=sockets.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{sockets.socket.getsockname()[1]}"
        sockets.shutdown()
        thread.join()


@contextmanager
def by_calls(server: PlainServer) -> Iterator[str]:
    """The target of a gRPC server: the method `/plain.Asked/ask` is a request for `/ask`."""
    import grpc

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, handler_call_details: Any) -> Any:
            path = handler_call_details.method.removeprefix("/plain.Asked")
            return grpc.unary_unary_rpc_method_handler(lambda body, context: server.answer("POST", path, "", body)[2])

    serving = grpc.server(ThreadPoolExecutor(8), handlers=(Handler(),))
    port = serving.add_insecure_port("127.0.0.1:0")
    serving.start()
    yield f"127.0.0.1:{port}"
    serving.stop(None).wait()

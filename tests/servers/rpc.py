"""A gRPC server on this machine, for as long as a block runs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc


class RpcServer:
    """What the servers of tests have in common: a port for clients without credentials, and one for local ones."""

    def __init__(self, handlers: Sequence[Any] = ()) -> None:
        self._server = grpc.server(ThreadPoolExecutor(64), handlers=tuple(handlers))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self.target = f"127.0.0.1:{self.port}"
        self.secure_port = self._server.add_secure_port("localhost:0", grpc.local_server_credentials())
        self.secure_target = f"localhost:{self.secure_port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.stop(None).wait()

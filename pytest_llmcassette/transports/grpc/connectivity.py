"""Channels that are to be connected before any call: while nothing goes live, it is to this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.transports.exchange import exchange_for
from pytest_llmcassette.transports.grpc import loopback
from pytest_llmcassette.transports.grpc.asking import url_of_channel
from pytest_llmcassette.transports.grpc.client_errors import Errors


def connected(what: in_force.InForce, channel: Any, *, aio: bool) -> Any:
    """The channel that may connect in place of this one; itself, where it may. Raises as a call would."""
    exchange = exchange_for(what, "CONNECT", url_of_channel(channel._channel, b""), Errors())
    if exchange is None or exchange.recorder.may_record:
        return channel
    return loopback.aio_channel(channel._loop) if aio else loopback.channel()


def subscribe(
    what: in_force.InForce, own: Callable[..., None], channel: Any, callback: Any, try_to_connect: bool | None = None
) -> None:
    """`Channel.subscribe`."""
    own(connected(what, channel, aio=False) if try_to_connect else channel, callback, try_to_connect)


def unsubscribe(what: in_force.InForce, own: Callable[..., None], channel: Any, callback: Any) -> None:
    """`Channel.unsubscribe`, from wherever it has subscribed."""
    own(channel, callback)
    if loopback.is_running():
        own(loopback.channel(), callback)


def aio_get_state(what: in_force.InForce, own: Callable[..., Any], channel: Any, try_to_connect: bool = False) -> Any:
    """`grpc.aio.Channel.get_state`."""
    return own(connected(what, channel, aio=True) if try_to_connect else channel, try_to_connect)


def aio_wait(what: in_force.InForce, own: Callable[..., Any], channel: Any, *args: Any, **kwargs: Any) -> Any:
    """`grpc.aio.Channel.wait_for_state_change` and `channel_ready`."""
    return own(connected(what, channel, aio=True), *args, **kwargs)

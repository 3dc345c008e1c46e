"""WebSocket messages in the bytes of a connection, where those are not as they should be."""

from __future__ import annotations

import pytest

from pytest_llmcassette.framing.websocket import BINARY, TEXT, Messages, frame


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (frame(TEXT, b"a") + b"\xc1\x04\x00\xff\xff\x12", [b"a"]),
        (frame(TEXT, b"a") + b"\x80\x01b" + frame(BINARY, b"c"), [b"a", b"c"]),
        (frame(TEXT, b"a") + b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", [b"a"]),
    ],
    ids=["no deflated data", "no message is continued", "more than will come"],
)
def test_what_only_the_client_is_to_complain_of(data: bytes, found: list[bytes]) -> None:
    assert [payload for _, payload in Messages("").feed(data)] == found

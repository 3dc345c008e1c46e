"""WebSocket messages from bytes and to bytes (RFC 6455), inflated where that was agreed upon (RFC 7692)."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
"""What a message is, by its opcode."""

_CONTINUED = 0
_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_NO_STATUS = b""
_FLUSHED = b"\x00\x00\xff\xff"
_LENGTHS = {126: 2, 127: 8}


class Messages:
    """The messages in the bytes that one side sends, whole, however many frames each comes in.

    `deflate` are the parameters of permessage-deflate that both sides have agreed upon, None without it; `side` is the
    sender's (`client`, `server`).
    """

    def __init__(self, deflate: str | None = None, side: str = "") -> None:
        self._bytes = bytearray()
        self._begun: tuple[int, bool, list[bytes]] | None = None
        self._inflates = deflate is not None
        self._forgets = f"{side}_no_context_takeover" in (deflate or "")
        self._inflator = zlib.decompressobj(-zlib.MAX_WBITS)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Opcode and data of each message that is whole now; of a close frame see `close_words`."""
        self._bytes += data
        while (frame := self._frame()) is not None:
            first, payload = frame
            opcode = first & 15
            if opcode >= CLOSE:
                yield opcode, payload
                continue
            if opcode != _CONTINUED:
                self._begun = opcode, bool(first & 64), []
            if self._begun is None:
                continue
            kind, is_deflated, pieces = self._begun
            pieces.append(payload)
            if first & 128:
                self._begun = None
                whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                try:
                    said = self._inflate(whole) if is_deflated and self._inflates else whole
                except zlib.error:
                    # Its receiver will end the connection.
                    return
                yield kind, said

    def _frame(self) -> tuple[int, bytes] | None:
        """The first byte and the payload of the next frame, taken off the front; None until it is there."""
        have = self._bytes
        if len(have) < 2:
            return None
        length, start = have[1] & 127, 2
        if length in _LENGTHS:
            start += _LENGTHS[length]
            if len(have) < start:
                return None
            length = int.from_bytes(have[2:start])
        mask = b""
        if have[1] & 128:
            mask = bytes(have[start : start + 4])
            start += 4
        if len(have) < start + length:
            return None
        first, payload = have[0], bytes(have[start : start + length])
        del have[: start + length]
        return first, _masked(payload, mask) if mask else payload

    def _inflate(self, data: bytes) -> bytes:
        whole = self._inflator.decompress(data + _FLUSHED)
        if self._forgets:
            self._inflator = zlib.decompressobj(-zlib.MAX_WBITS)
        return whole


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    whole = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(whole)).to_bytes(size)


def frame(opcode: int, data: bytes) -> bytes:
    """A whole message, as a server sends it: in one frame, not masked."""
    size = len(data)
    if size < 126:
        return bytes((128 | opcode, size)) + data
    if size < 1 << 16:
        return bytes((128 | opcode, 126)) + size.to_bytes(2) + data
    return bytes((128 | opcode, 127)) + size.to_bytes(8) + data


def json_in(data: bytes) -> str:
    """The JSON document that binary data is (Gemini sends its messages so); empty where it is none."""
    if data[:1] not in (b"{", b"["):
        return ""
    try:
        json.loads(data)
        return data.decode()
    except (ValueError, RecursionError):
        return ""


def close_words(payload: bytes) -> bytes:
    """A close frame as a cassette has it: `1000 bye`, `1000`, or nothing where it names no code."""
    if len(payload) < 2:
        return _NO_STATUS
    code = b"%d" % int.from_bytes(payload[:2])
    return code + b" " + payload[2:] if payload[2:] else code


def close_payload(words: bytes) -> bytes:
    """The same the other way round."""
    code, _, reason = words.partition(b" ")
    return int(code).to_bytes(2) + reason if code.isdigit() and int(code) < 1 << 16 else b""


def accept_key(key: bytes) -> bytes:
    """What a server answers to a client's `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1(key.strip() + _KEY, usedforsecurity=False).digest())


def deflate_of(extensions: str) -> str | None:
    """The parameters of permessage-deflate in a `Sec-WebSocket-Extensions` header; None where it is not agreed upon."""
    for extension in extensions.split(","):
        name, _, parameters = extension.strip().partition(";")
        if name.strip() == "permessage-deflate":
            return parameters
    return None

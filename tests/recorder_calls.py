"""A recorder without any HTTP client: what it is asked, and what the network answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import LiveRequest
from pytest_llmcassette.recorder.slot import RecordingSlot

URL = "https://provider.test/v1/chat"


def recorder(path: Path, mode: str = "none", **switches: Any) -> Recorder:
    config: CassetteConfig = build_config(("test", {"record_mode": mode, **switches}))
    return Recorder(path, config, how_to_record="pytest test_it.py --record-mode=once", owner="test_it.py::test_it")


def request(question: str, **headers: str) -> LiveRequest:
    lines = [(b"content-type", b"application/json")]
    lines += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return LiveRequest("POST", URL, lines, json.dumps({"q": question}).encode())


def live(under: Recorder, question: str, answer: str = "", status: int = 200) -> RecordingSlot:
    slot = under.request(request(question))
    assert isinstance(slot, RecordingSlot), "this request should have gone live"
    if status:
        slot.headers(status, "", [(b"content-type", b"text/plain")], "HTTP/1.1", 1000)
        slot.data((answer or question.upper()).encode())
        slot.end("")
    else:
        slot.end("ConnectError", "refused")
    return slot

"""No fault strikes what is said in frames: each says that it does not fit."""

from __future__ import annotations

from protocols.spoken import OPENAI, begun, call, created, done, message, session

from pytest_llmcassette.faults import registry


def test_no_fault_fits_a_conversation() -> None:
    talk = session(OPENAI, begun(), created(), done(message("Hi")))
    grpc = call("Chat/GetCompletion", {}, {"id": "g"})
    faults = registry.all_faults()
    assert len(faults) > 10
    for fault in faults:
        for one in (talk, grpc):
            assert fault.misfit(one).startswith("it is a conversation"), fault.name

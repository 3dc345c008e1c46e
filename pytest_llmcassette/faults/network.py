"""No answer at all: errors of the network before the first byte."""

from __future__ import annotations

from pytest_llmcassette.faults.bodies import no_answer
from pytest_llmcassette.faults.fault import Expect, Fault, Moment
from pytest_llmcassette.replay.plan import Delivery


def _error(name: str, sentence: str, kind: str, message: str, expect: Expect = Expect.RECOVER) -> Fault:
    def change(delivery: Delivery) -> Delivery:
        return no_answer(delivery, kind, message)

    return Fault(name=name, sentence=sentence, expect=expect, moment=Moment.RESPONSE, change=change)


_NO_CERTIFICATE = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate"
_NO_NAME = "[Errno -3] Temporary failure in name resolution"

FAULTS = (
    _error("connect_error", "The connection is refused.", "ConnectError", "[Errno 111] Connection refused"),
    _error("dns_failure", "The host's name is not found.", "ConnectError", _NO_NAME),
    _error("tls_failure", "The certificate is none that is trusted.", "ConnectError", _NO_CERTIFICATE, Expect.NOTICE),
    _error("read_timeout", "No answer comes in time.", "ReadTimeout", "The read operation timed out"),
    _error("pool_timeout", "No connection of the pool is free in time.", "PoolTimeout", ""),
)

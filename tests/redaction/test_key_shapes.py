"""Keys that are known by their shape, wherever they stand; and what only looks a little like one."""

from __future__ import annotations

import base64
import json
import random

import pytest

from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.provider import placeholder_for
from pytest_llmcassette.redaction import Redactor
from pytest_llmcassette.redaction.key_shapes import SHAPES, without_keys

REDACTOR = Redactor(CassetteConfig())
TAIL = "Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8St9Uv0Wx1Yz2Ab3Cd4Ef5Gh6Jk7Lm8Np9Qr0"
KEYS = {
    "AKIA": "AKIA" + "AB1CD2EF3GH4JK5L",
    "ASIA": "ASIA" + "AB1CD2EF3GH4JK5L",
    "eyJ": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz",
    "-----BEGIN ": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA1\n-----END EC PRIVATE KEY-----",
    "SG.": "SG.Ab1Cd2Ef3Gh4Jk5Lm6Np7Q.Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8St9Uv0Wx1Yz2Ab3Cd4Ef5",
    "xapp-": "xapp-1-A012-345-" + "0123456789abcdef",
    "xoxe.xox": "xoxe.xoxb-1-" + "Ab1Cd2Ef3Gh4Jk5L",
    "lsv2_": "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789",
    "npm_": "npm_" + TAIL[:36],
    **{begin: begin + "0123456789abcdef" * 3 for begin in ("sk_", "dop_v1_", "doo_v1_")},
    **{begin: begin + "0123456789abcdef" * 2 for begin in ("fc-", "shpat_", "key-")},
    **{begin: begin + "0123456789abcdef0123456789abcdef01234567" for begin in ("e2b_", "sbp_")},
    "sntryu_": "sntryu_" + "0123456789abcdef" * 4,
    "re_": "re_Ab1Cd2Ef_" + TAIL[:24],
    "secret_": "secret_" + TAIL[:43],
    "PMAK-": "PMAK-0123456789abcdef01234567-0123456789abcdef0123456789abcdef01",
    "NRAK-": "NRAK-AB1CD2EF3GH4JK5LM6NP7QR8ST9",
    "glsa_": "glsa_" + TAIL[:32] + "_0123abcd",
    "discord.com/api/webhooks/": "discord.com/api/webhooks/123456789012345678/" + TAIL,
}


@pytest.mark.parametrize(("begin", "rest"), SHAPES)
def test_every_shape_of_the_table_wherever_it_stands(begin: str, rest: str) -> None:
    key = KEYS.get(begin, begin + TAIL)
    # Base64 may go on with a slash.
    path = "/bot/KEY" if "/" in rest else "/bot/KEY/x"
    for around in ("KEY", "my key is KEY.", "(KEY)", "a\nKEY\nb", "key=KEY&a=1", '"KEY"', "Bearer KEY", path):
        text = around.replace("KEY", key)
        found: set[str] = set()
        assert without_keys(text.encode(), found) == around.replace("KEY", "REDACTED").encode(), around
        assert found == {key}
        assert b"Np" not in without_keys(json.dumps([text]).encode(), set())
    assert without_keys(f"%3D{key}".encode(), set()) == b"%3DREDACTED"
    assert without_keys(f"x\\u003d{key}".encode(), set()) == b"x\\u003dREDACTED"
    # A part of a word, or of base64, is none.
    inside = b"-----BEGIN PUBLIC KEY-----" if begin.startswith("-") else f"Xx{key.replace('.', '')}".encode()
    assert without_keys(inside, set()) == inside


@pytest.mark.parametrize(
    "text",
    [
        "call_Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8 toolu_01Ab1Cd2Ef3Gh4Jk5Lm6Np7 chatcmpl-Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8St9",
        "msg_01Ab1Cd2Ef3Gh4Jk5Lm6Np7 resp_0123456789abcdef0123456789abcdef rs_0123456789abcdef fc_0123456789abcdef",
        "req_011CQ1Ab1Cd2Ef3Gh4Jk5Lm6 gen-1750000000-Ab1Cd2Ef3Gh4Jk5Lm6Np srvtoolu_01Ab1Cd2Ef3Gh4 fp_0123456789abcdef",
        "file-Ab1Cd2Ef3Gh4Jk5Lm6Np7Q batch_0123456789abcdef0123456789abcdef asst_Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8",
        "sk-... sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx sk-your-api-key-goes-here-please <YOUR_API_KEY> sk-proj-****abcd",
        "a risk-0123456789abcdefghijklmnop task-sk-management-of-many-things and the desk-based-questionnaire",
        "hf_hub_download gsk_ and xai-sdk pplx-api r8_ hf_inference_endpoints_are_hosted_models whisper-large-v3-turbo",
        "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 accounts/fireworks/models/llama-v3p1-405b-instruct",
        "eyJwYWdlIjoxfQ.short eyJhIjoxfQ== https://h/p?page_token=eyJvZmZzZXQiOjIwfQ https://user@h/p git@h:a/b.git",
        "https://example.com/@scope/pkg@1.2.3 http://h:8080/a@b postgres://app:password@localhost/db redis://:@h",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE----- ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        "what is an API key? keep your token secret, my password is hunter2: 0123456789abcdef0123456789abcdef",
        "2026-11-26T04:00:00Z 550e8400-e29b-41d4-a716-446655440000 sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
        f"{placeholder_for('OPENAI_API_KEY')} sk-REDACTED REDACTED",
    ],
)
def test_what_is_no_key_stays(text: str) -> None:
    for body in (text.encode(), json.dumps({"messages": [{"content": text}], "output": text}).encode()):
        assert REDACTOR.body(body, "") == body
    assert REDACTOR.body(f"data: {json.dumps([text])}\n\n".encode(), "text/event-stream").count(b"REDACTED") == (
        text.count("REDACTED")
    )


def test_pictures_and_signatures_stay() -> None:
    made = random.Random(7)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        blob = encode(made.randbytes(300_000)).decode()
        body = json.dumps({"image_url": f"data:image/png;base64,{blob}", "signature": blob}).encode()
        assert REDACTOR.body(body, "application/json") == body


def test_a_password_in_a_url_of_any_text() -> None:
    text = b'{"say": "postgres://app:Hunter2x9@db:5432/m and amqp:\\/\\/x"}'
    found: set[str] = set()
    assert without_keys(text, found) == text.replace(b"Hunter2x9", b"REDACTED")
    assert found == {"Hunter2x9"}


@pytest.mark.parametrize("name", ["X-Amz-Signature", "X-Goog-Signature", "X-Amz-Security-Token", "sig"])
@pytest.mark.parametrize("before", ["?", "?a=1&", "%3Fa=1%26", "?a=1\\u0026"])
def test_a_signed_address_in_any_text(before: str, name: str) -> None:
    text = f'{{"say": "see https://h/file{before}{name}=0123456789abcdef%2B and go"}}'
    found: set[str] = set()
    assert without_keys(text.encode(), found).decode() == text.replace("0123456789abcdef%2B", "REDACTED")
    assert found == {"0123456789abcdef+"}

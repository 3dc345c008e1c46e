"""On replay no client pays for its CA bundle, and no connection that is really made goes without."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import trustme
from servers import hostile
from servers.hostile import STREAM

from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.transports import install
from pytest_llmcassette.transports.httpcore import tls
from transports.clients import HTTPX, fetch, library_of

LIBRARIES = [httpx, httpx2]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The CA bundles that are loaded from here on."""
    seen: list[Any] = []
    original = ssl.SSLContext.load_verify_locations

    def load_verify_locations(self: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        seen.append(args or kwargs)
        original(self, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load_verify_locations)
    return seen


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_bundle_is_loaded_on_replay(library: Any, path: Path, loads: list[Any]) -> None:
    with use_cassette(path, allow_no_calls=True):
        for _ in range(3):
            library.Client().close()
            library.AsyncClient()
    assert loads == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_bundle_is_loaded_at_once_where_something_can_go_live(library: Any, path: Path, loads: list[Any]) -> None:
    library.HTTPTransport()
    assert len(loads) == 1
    with use_cassette(path, record_mode="once", allow_no_calls=True):
        library.HTTPTransport()
    assert len(loads) == 2


@pytest.mark.parametrize("library", LIBRARIES)
def test_users_own_settings_are_not_deferred(library: Any, path: Path) -> None:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with use_cassette(path, allow_no_calls=True):
        assert library.create_ssl_context(verify=own) is own
        assert type(library.create_ssl_context(verify=False)) is ssl.SSLContext


@pytest.mark.parametrize("library", LIBRARIES)
def test_switched_off(library: Any, path: Path, loads: list[Any]) -> None:
    install(defer_tls=False)
    context = library._transports.default.create_ssl_context()
    assert type(context) is ssl.SSLContext


@pytest.mark.parametrize("library", LIBRARIES)
def test_hook_that_is_gone_is_no_error(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install(defer_tls=False)
    monkeypatch.delattr(library._transports.default, "create_ssl_context")
    install()
    monkeypatch.undo()
    install(defer_tls=False)


@pytest.mark.parametrize("library", LIBRARIES)
def test_deferred_context_is_the_real_one_once_it_is_used(library: Any, path: Path) -> None:
    real = library.create_ssl_context()
    with use_cassette(path, allow_no_calls=True):
        one, other = library.create_ssl_context(), library.create_ssl_context()
    assert isinstance(one, ssl.SSLContext)
    assert one.verify_mode is ssl.CERT_REQUIRED
    assert one.check_hostname
    assert one.cert_store_stats() == real.cert_store_stats()
    one.minimum_version = ssl.TLSVersion.TLSv1_3
    assert one.minimum_version is ssl.TLSVersion.TLSv1_3
    assert other.minimum_version == real.minimum_version


@pytest.mark.parametrize("kind", HTTPX)
def test_client_built_on_replay_verifies_when_it_connects_for_real(
    kind: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It trusts what it would have trusted when it was built, and no other client's trust leaks into it."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    library = library_of(kind)
    transport = library.HTTPTransport if kind.endswith("-sync") else library.AsyncHTTPTransport
    with hostile.tls(context) as server:
        with use_cassette(path, ignore_hosts=["localhost"], allow_no_calls=True):
            strict = transport()
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
            trusting = transport()
            assert type(strict._pool._ssl_context) is tls.DeferredContext
            with pytest.raises(library.ConnectError):
                fetch(kind, "GET", server.url + "/stream", client={"transport": strict})
            assert not server.hits
        monkeypatch.delenv("SSL_CERT_FILE")
        assert fetch(kind, "GET", server.url + "/stream", client={"transport": trusting}).body == STREAM

"""Interception: the only importers of respx, httpx, httpx2, aiohttp. All is imported at the first `install()`."""

from __future__ import annotations


def install(*, defer_tls: bool = True) -> None:
    """Patch the HTTP libraries, once per session; without an active cassette the patches are inert.

    Safe to call again at any time: it costs a few microseconds and mends what a nested pytest session undid.
    `defer_tls=False` leaves `create_ssl_context` of httpx and httpx2 alone.
    """
    # Spelt like this it costs half as much, and every test comes here.
    import pytest_llmcassette.transports.installation as installation

    installation.install(defer_tls=defer_tls)


def uninstall() -> None:
    """Undo `install()`."""
    from pytest_llmcassette.transports import installation

    installation.uninstall()

"""The binding to aiohttp: sessions, and httpx over them. All but `connectors` imports it, when it is first used."""

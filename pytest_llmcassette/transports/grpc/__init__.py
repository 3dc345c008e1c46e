"""The binding to grpcio, sync and asyncio. All but `calls` imports it, when it is first used."""

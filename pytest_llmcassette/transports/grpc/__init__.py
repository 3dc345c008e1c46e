"""The binding to grpcio, sync and asyncio. What imports it is imported with it, when a cassette opens."""

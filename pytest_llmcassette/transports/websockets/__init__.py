"""WebSockets: `websockets` by its clients; the wire that aiohttp's are served and heard by, too."""

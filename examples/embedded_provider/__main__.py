"""`python -m embedded_provider`: run until interrupted."""

from __future__ import annotations

import argparse
import time

from embedded_provider.server import EmbeddedProvider


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m embedded_provider", description=__doc__)
    parser.add_argument("--port", type=int, default=18765, help="the loopback port (18765); 0 picks a free one")
    parser.add_argument("--pause", type=float, default=0.005, help="seconds between the events of a stream (0.005)")
    arguments = parser.parse_args()
    with EmbeddedProvider(port=arguments.port, pause=arguments.pause) as provider:
        print(f"listening on {provider.url}; the API key is {provider.api_key}; stop with Ctrl-C", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()

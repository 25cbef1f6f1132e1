"""`python -m tests.openai_server`: the fake server as a program; prints its URL, runs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.openai_server.server import OpenAIServer


def main() -> None:
    """Serve. One line on stdout, the base URL, once requests are answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.openai_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--api-key", default="sk-fake-server", help="the only accepted key")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="from a request to its answer")
    options = parser.parse_args()
    # Blocked before any thread starts, so that every thread inherits it and only sigwait takes the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with OpenAIServer(options.port, api_key=options.api_key, latency=options.latency) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()

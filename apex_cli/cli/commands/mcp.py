"""`apex mcp`."""

from __future__ import annotations

from typing import Annotated

import typer

from apex_cli.cli import loop
from apex_cli.cli.verb import START, CommandContext, verb
from apex_cli.errors import ConfigError
from apex_cli.extras import install_hint, missing_modules


@verb(
    *("home", "lock_timeout"),
    examples=("apex mcp", "apex mcp --http 8765"),
    exits={0: "the agent has closed standard input", 2: "usage", **START},
)
def mcp(
    context: CommandContext,
    http: Annotated[
        int | None,
        typer.Option(
            "--http",
            min=0,
            max=65535,
            metavar="PORT",
            help="Serve streamable HTTP on 127.0.0.1 instead; 0 takes a free port. The token is APEX_MCP_TOKEN, "
            "or made and shown once on stderr.",
        ),
    ] = None,
) -> None:
    """Answer agents by the Model Context Protocol (MCP), on standard input and output.

    The tools only read: search, facts, history, get, neighbours, status, list_records, list_entities. They work while
    an ingest runs, and one can start while this runs. The extra `mcp` must be installed.
    """
    if missing := missing_modules("mcp"):
        raise ConfigError(f"`apex mcp` needs {', '.join(missing)}, which is not installed", hint=install_hint("mcp"))
    settings = context.settings()
    from apex_cli.cli.agents import server

    server.log_to(context.output)
    if http is None:
        loop.run(server.serve_stdio(settings, context.output))
        return
    from apex_cli.cli.agents.http import Web

    received: list[int] = []
    web = Web(settings, context.output)

    def stop(number: int) -> None:
        received.append(number)
        web.stop()

    loop.run(web.serve(http), stop=stop)
    raise loop.Interrupted(received[0]) if received else typer.Exit

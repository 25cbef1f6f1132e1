"""`apex debug`: what tests and developers need."""

from __future__ import annotations

import typer

from apex_cli.cli.verb import OK, USAGE, CommandContext, verb


def group() -> typer.Typer:
    """The hidden group."""
    app = typer.Typer(rich_markup_mode=None, help="What tests and developers need.")
    app.callback()(_debug)
    fault_points.add_to(app)
    return app


def _debug() -> None:
    """What tests and developers need."""


@verb(
    "json",
    examples=("apex debug fault-points", "APEX_FAULT=graph.commit.after:kill apex ingest fixtures/"),
    exits={**OK, **USAGE},
)
def fault_points(context: CommandContext) -> None:
    """List the fault points that APEX_FAULT="<point>:<action>[:<nth>]" can name."""
    from apex_cli.faults import ACTIONS, POINTS

    for point in POINTS:
        if context.output.json:
            context.output.object({"type": "fault_point", "point": point, "actions": ACTIONS})
        else:
            context.output.line(point)

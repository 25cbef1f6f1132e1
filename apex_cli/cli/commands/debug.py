"""`apex debug`: what tests and developers need."""

from __future__ import annotations

from apex_cli.cli.verb import OK, USAGE, CommandContext, verb


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

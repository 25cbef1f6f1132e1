"""Options of the verbs that take inputs: `apex ingest` and `apex watch`."""

from __future__ import annotations

from typing import Annotated

import typer

from apex_cli.cli.options import filled, pattern, portion
from apex_cli.units import Portion

Collection = Annotated[
    str | None,
    typer.Option(parser=filled, metavar="NAME", help="The collection of other JSON, instead of the file's name."),
]
IdField = Annotated[
    list[str] | None,
    typer.Option(
        parser=filled,
        metavar="F",
        help="The field with the id of other JSON: a dotted path. Several, or F,G, are one id together.",
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(parser=pattern, metavar="GLOB", help="Take only such files of a directory, e.g. '*.pdf'."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(parser=pattern, metavar="GLOB", help="Leave out such files or folders; see also .apexignore."),
]
Sync = Annotated[
    bool, typer.Option("--sync", help="Forget what an earlier --sync took from here and is in no file any more.")
]
MaxForget = Annotated[
    Portion | None,
    typer.Option(
        "--max-forget",
        parser=portion,
        metavar="N|N%",
        help="Let --sync forget at most so many records of a folder (10%), and all only with 100%.",
    ),
]
Consume = Annotated[bool, typer.Option("--consume", help="Remove an original once it is committed.")]

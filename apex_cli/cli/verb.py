"""A verb: a function with its own options, to which the shared ones, its examples and its exit codes are added.

`verb` makes it impossible to have a verb without them, and every shared option has one definition. A call of a verb has
a `CommandContext`: where it writes, its settings, and how it reads the stores.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from apex_cli.cli import loop, options
from apex_cli.cli.output import Output
from apex_cli.errors import StoreError, StoreUnavailable, UsageError
from apex_cli.exit_codes import ALWAYS, MEANINGS, ExitCode

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.readers.protocol import Reader

_T = TypeVar("_T")


def _codes(*codes: ExitCode) -> dict[int, str]:
    return {int(code): MEANINGS[code] for code in codes}


OK = _codes(ExitCode.OK)
USAGE = _codes(ExitCode.USAGE)
RECORDS = _codes(ExitCode.RECORDS_FAILED)
MANUAL_RECOVERY = _codes(ExitCode.MANUAL_RECOVERY)
EMPTY = _codes(ExitCode.NOTHING_TO_DO)
START = _codes(ExitCode.CANNOT_START)
LOCKED = _codes(ExitCode.LOCKED)
UNANSWERED = {int(ExitCode.LOCKED): "the process that has the home answers no readers: another version of apex, say"}
"""For verbs that only read: any other holder answers them."""

TIMES = ("utc", "iso")
"""The shared options of verbs that show times to people."""
NOTHING_YET = "Nothing is in the memory yet. Next: `apex ingest PATH` takes files, folders and URLs."
_OF_OUTPUT = {
    "json": options.Json,
    "quiet": options.Quiet,
    "verbose": options.Verbose,
    "utc": options.Utc,
    "iso": options.Iso,
}
_IN_SETTINGS = {"home": options.Home, "staging_dir": options.StagingDir, "lock_timeout": options.LockTimeout}
_SHARED = {**_OF_OUTPUT, **_IN_SETTINGS, "no_color": options.NoColour}


@dataclass(slots=True)
class CommandContext:
    """The output, and the settings given as flags (by field name of `Settings`, None where not given)."""

    output: Output
    flags: dict[str, Any] = field(default_factory=dict)

    def settings(self, **flags: Any) -> Settings:
        """The settings of this command, with more flags; warns of misspelt variables. Raises `ConfigError`."""
        from apex_cli.config import load
        from apex_cli.sources import registry

        settings = load({**self.flags, **flags})
        registry.configure(settings.sources)
        for each in settings.unknown:
            self.output.warning(str(each))
        return settings

    def refuse_unasked(self, verb: str, hint: str) -> None:
        """Raises `UsageError` where stdin is not a terminal, so that a question would have no answer."""
        if not sys.stdin.isatty():
            raise UsageError(f"`apex {verb}` removes data and asks first, but stdin is not a terminal", hint=hint)

    def confirmed(self, question: str) -> bool:
        """Ask the person at the terminal; anything but yes is no."""
        self.output.note(f"{question} Continue? [y/N]")
        if sys.stdin.readline().strip().lower() in {"y", "yes"}:
            return True
        self.output.note("Nothing was removed.")
        return False

    def read(self, question: Callable[[Reader], Awaitable[_T]], text: str = "asking the memory") -> _T:
        """Ask the memory. A store that fails meanwhile gives exit code 10. `text` is shown while it takes long."""
        from apex_cli.pipeline.reading import MemoryReader

        settings = self.settings()

        async def asked() -> _T:
            async with MemoryReader(settings) as reader:
                return await question(reader)

        return self.run(asked(), text)

    def look(self, question: Callable[[Reader], Awaitable[_T]]) -> _T | None:
        """As `read`; None where there is no memory yet. Then none is made."""
        from apex_cli.pipeline.reading import MemoryReader, has_memory

        settings = self.settings()

        async def looked() -> _T | None:
            if not await has_memory(settings):
                return None
            async with MemoryReader(settings) as reader:
                return await question(reader)

        return self.run(looked(), "asking the memory")

    def run(self, work: Awaitable[_T], text: str | None = "working") -> _T:
        """Wait for work on the stores. A store that fails meanwhile gives exit code 10. Without `text` the work shows
        by itself how far it is."""

        from apex_cli.cli.waiting import waiting

        async def waited() -> _T:
            try:
                async with waiting(self.output, text) if text is not None else nullcontext():
                    return await work
            except StoreError as error:
                raise StoreUnavailable(error.message, hint=error.hint or "`apex doctor` checks every store") from error

        return loop.run(waited())


class Verb:
    """What Typer calls: it takes all options and passes the shared ones on in a `CommandContext`."""

    __signature__: inspect.Signature

    def __init__(self, function: Callable[..., None], shared: Sequence[str], epilog: str) -> None:
        self.name = function.__name__.removesuffix("_").replace("_", "-")
        self.help = inspect.getdoc(function) or ""
        self.short_help = self.help.partition("\n")[0]
        self.epilog = epilog
        self._function = function
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        added = [_parameter(name) for name in shared]
        keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *added)]
        self.__signature__ = inspect.Signature([context, *keyword])
        self.__annotations__ = {each.name: each.annotation for each in (context, *keyword)}

    def __call__(self, ctx: typer.Context, **given: Any) -> None:
        """Set the options of the output, and run the function of the verb."""
        output: Output = ctx.obj
        for name in _OF_OUTPUT:
            setattr(output, name, given.pop(name, False) or getattr(output, name))
        if given.pop("no_color", False):
            output.colour = False
        flags = {name: given.pop(name, None) for name in _IN_SETTINGS}
        if ctx.invoked_subcommand is None:
            self._function(CommandContext(output, flags), **given)

    def add_to(self, app: typer.Typer) -> None:
        """Register it as a command of `app`."""
        app.command(self.name, help=self.help, short_help=self.short_help, epilog=self.epilog)(self)


def verb(*shared: str, examples: Sequence[str], exits: Mapping[int, str]) -> Callable[[Callable[..., None]], Verb]:
    """Make a verb of a function whose first parameter is a `CommandContext` and whose docstring is the help.

    `shared` names the shared options it takes besides `--verbose` and `--no-color`, which all take.
    """

    def made(function: Callable[..., None]) -> Verb:
        return Verb(function, (*shared, "verbose", "no_color"), _epilog(examples, {**exits, **_codes(*ALWAYS)}))

    return made


def group(text: str, *verbs: Verb) -> typer.Typer:
    """A group of sub-verbs; `text` is its help."""
    app = typer.Typer(rich_markup_mode=None, help=text)
    app.callback()(lambda: None)  # Without a callback, a group of one verb would become that verb.
    for each in verbs:
        each.add_to(app)
    return app


def _parameter(name: str) -> inspect.Parameter:
    default = None if name in _IN_SETTINGS else False
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=_SHARED[name], default=default)


def _epilog(examples: Sequence[str], exits: Mapping[int, str]) -> str:
    """Two blocks that help keeps as they are: a line with a backspace alone says so."""
    shown = "\n".join(f"  {example}" for example in examples)
    codes = "\n".join(f"  {code:<4}{meaning}" for code, meaning in sorted(exits.items()))
    return f"\b\nExamples:\n{shown}\n\n\b\nExit codes:\n{codes}"

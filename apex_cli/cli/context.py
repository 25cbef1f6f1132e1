"""One call of a verb: where it writes, its settings, and how it reads the stores."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from apex_cli.cli.output import Output
from apex_cli.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.stores.factory import Stores

_T = TypeVar("_T")


@dataclass(slots=True)
class CommandContext:
    """The output, and the settings given as flags (by field name of `Settings`, None where not given)."""

    output: Output
    flags: dict[str, Any] = field(default_factory=dict)

    def settings(self, **flags: Any) -> Settings:
        """The settings of this command, with more flags; warns of misspelt variables. Raises `ConfigError`."""
        from apex_cli.config import load

        settings = load({**self.flags, **flags})
        for each in settings.unknown:
            self.output.warning(str(each))
        return settings

    def read(self, look: Callable[[Stores], Awaitable[_T]]) -> _T:
        """Open the four stores, look, close them. A store that fails meanwhile gives exit code 10."""
        from apex_cli.cli import loop
        from apex_cli.pipeline.upgrade import open_upgraded

        async def work() -> _T:
            try:
                async with open_upgraded(self.settings()) as stores:
                    return await look(stores)
            except StoreError as error:
                raise StoreUnavailable(error.message, hint=error.hint or "`apex doctor` checks every store") from error

        return loop.run(work())

"""The commands of a document, and a shell on a terminal in which they run one after the other.

A block marked `sh` holds commands, a block marked `console` commands after `$ ` with what they print. What is not run
has a comment before its block: `<!-- not run: REASON -->` for all of it, `<!-- not run: make test: REASON -->` for one
command. A command that ends with another code than 0 is followed by `echo $?`.
"""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import termios
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path

COLUMNS = 100
_BLOCK = re.compile(r"((?:^<!-- not run: [^\n]* -->\n+)*)^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: (.*) -->")
_HERE = re.compile(r"<<'?(\w+)'?")
_VARIES = (
    (re.compile(r"\b202[6-9]-\d\d-\d\d(?:[T ][\d:.]+Z?)?"), r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?"),
    (re.compile(r"[\d.,]+ (?:s|ms|min|records/s|[KM]iB)\b"), r"[\d.,]+ (?:s|ms|min|records/s|[KM]iB)\b"),
    (re.compile(r"…"), r".*"),
    (re.compile(r" {2,}|─+"), r"[ ─]+"),
)
"""What differs from run to run, and what stands for it: times of the run (the fixtures are of 2025), durations, sizes,
what a page leaves out, and the width of columns."""


@dataclass(frozen=True)
class Command:
    """One command of a document. `shown` is what the document says it prints; None where it says nothing."""

    text: str
    shown: tuple[str, ...] | None = None
    not_run: str = ""


@dataclass(frozen=True)
class Done:
    """What a command printed on the terminal, then on standard error, and its exit code."""

    printed: str
    code: int


def commands(page: Path) -> list[Command]:
    """The commands of a document, in order."""
    found: list[Command] = []
    for comments, language, block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        reasons = _NOT_RUN.findall(comments)
        if language == "sh":
            found += [Command(text, None, _reason(text, reasons)) for text in _typed(block)]
        elif language == "console":
            found += [Command(text, shown, _reason(text, reasons)) for text, shown in _shown(block)]
        elif language == "crontab":
            found.append(Command(block, None, _reason(block, reasons)))
    return found


def differs(shown: tuple[str, ...], printed: str) -> str:
    """Both, where the printed lines are not those that are shown; else "". A shown `…` alone is any number of lines."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "…" else f"{_pattern(line)}\n" for line in shown)
    lines = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return "" if re.fullmatch(pattern, lines) else f"shown:\n{chr(10).join(shown)}\nprinted:\n{lines}"


@dataclass
class Shell:
    """A shell whose standard output is a terminal of 100 columns, without colours."""

    process: subprocess.Popen[bytes]
    screen: int
    errors: Path
    _read: bytes = b""

    def run(self, text: str) -> Done:
        """Run a command as it is typed, with an empty standard input, and wait for its end."""
        mark = uuid.uuid4().hex
        assert self.process.stdin is not None
        script = f"{{ {text}\n}} < /dev/null 2> '{self.errors}'\ncode=$?\nprintf '{mark} %s\\n' $code\n(exit $code)\n"
        self.process.stdin.write(script.encode())
        self.process.stdin.flush()
        ended = re.compile(rf"{mark} (\d+)\r?\n".encode())
        while not (end := ended.search(self._read)):
            try:
                self._read += os.read(self.screen, 65536)
            except OSError as error:  # the shell is gone, by a command such as `exit`
                raise AssertionError(f"{text}\n{self._read.decode()}") from error
        printed = end.string[: end.start()].decode().replace("\r\n", "\n")
        self._read = end.string[end.end() :]
        return Done(printed + self.errors.read_text(encoding="utf-8"), int(end[1]))


@contextmanager
def shell_at_terminal(folder: Path, environ: Mapping[str, str], seconds: float = 500) -> Iterator[Shell]:
    """A shell in this folder. It is killed if it takes longer than this altogether."""
    screen, inside = pty.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["/bin/sh"],
        cwd=folder,
        env={"TERM": "dumb", "TZ": "UTC", **environ},
        stdin=subprocess.PIPE,
        stdout=inside,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    os.close(inside)
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    try:
        yield Shell(process, screen, folder.parent / "errors")
    finally:
        killer.cancel()
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        os.close(screen)


def _reason(text: str, reasons: list[str]) -> str:
    for reason in reasons:
        command, _, of_one = reason.partition(": ")
        if not of_one:
            return reason
        if text.startswith(command):
            return of_one
    return ""


def _typed(block: str) -> list[str]:
    """The commands of a block: one a line, with its here-document; lines with nothing but a comment are none."""
    found: list[str] = []
    lines = iter(block.splitlines())
    for line in lines:
        if line.partition("#")[0].strip():
            text = line
            if here := _HERE.search(line):
                for more in lines:
                    text += f"\n{more}"
                    if more == here[1]:
                        break
            found.append(text)
    return found


def _shown(block: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each command after `$ ` with the lines up to the next; `> ` continues a command."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("> ") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
        else:
            found[-1][1].append(line.rstrip())
    return [(text, tuple(lines)) for text, lines in found]


def _pattern(line: str) -> str:
    """A regular expression for the lines that a shown line stands for."""
    parts, rest = [], line
    while rest:
        nearest = min(
            ((match, written) for kind, written in _VARIES if (match := kind.search(rest))),
            key=lambda found: found[0].start(),
            default=None,
        )
        if nearest is None:
            break
        match, written = nearest
        parts += [re.escape(rest[: match.start()]), written]
        rest = rest[match.end() :]
    return "".join(parts) + re.escape(rest)

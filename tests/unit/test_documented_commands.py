"""How the commands of a document are read, and what it shows compared with what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.documented_commands import Command, commands, differs, shell_at_terminal

PAGE = """\
Text with `apex status`.

```sh
apex ingest drop   # why
# only a comment

cat > a.csv <<'END'
Load,Status
# 1,x
END
```

<!-- not run: make test: it takes minutes -->
```sh
make demo
make test    # all
```

```json
{"no": "command"}
```

<!-- not run: it changes the crontab -->

```crontab
* * * * * apex ingest drop
```

```console
$ cat > b <<END
> one
> END
$ apex facts X
Holds:

  …
> not a command
```
"""


def test_commands_are_read_with_their_documents_their_output_and_their_reasons(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert commands(page) == [
        Command("apex ingest drop   # why"),
        Command("cat > a.csv <<'END'\nLoad,Status\n# 1,x\nEND"),
        Command("make demo"),
        Command("make test    # all", None, "it takes minutes"),
        Command("* * * * * apex ingest drop\n", None, "it changes the crontab"),
        Command("cat > b <<END\none\nEND", ()),
        Command("apex facts X", ("Holds:", "", "  …", "> not a command")),
    ]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("", ""),
        ("3 records (1.9 s, 2 records/s).", "3 records (10.25 s, 0 records/s).\n"),
        ("since 2026-11-30 01:46", "since 2027-01-02 23:59\n"),
        ("as of 2026-11-30T01:46:31.222275Z, x", "as of 2027-01-02T03:04:05Z, x\n"),
        ("37.4 KiB written", "1.2 MiB written\n"),
        ("a  b", "a        b\n"),
        ("Title …, end", "Title (any), end  \n"),
        ("…\nlast", "one\ntwo\nlast\n"),
        ("first\n…\nlast", "first\nlast\n"),
    ],
)
def test_what_differs_from_run_to_run_is_the_same(shown: str, printed: str) -> None:
    assert differs(tuple(shown.splitlines()), printed) == ""


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("", "something\n"),
        ("3 records", "4 records\n"),
        ("since 2025-10-20 17:30", "since 2025-10-20 17:31\n"),
        ("a b", "ab\n"),
        ("Title …, end", "Title (any), other\n"),
        ("first", "first\nsecond\n"),
        ("first\n…\nlast", "first\nlast\nmore\n"),
        ("a.b", "axb\n"),
    ],
)
def test_what_a_page_shows_wrongly_is_found(shown: str, printed: str) -> None:
    assert shown in differs(tuple(shown.splitlines()), printed)


def test_a_shell_keeps_its_variables_and_folder_and_shows_both_streams_and_codes(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with shell_at_terminal(folder, {"PATH": "/usr/bin:/bin"}) as shell:
        assert shell.run("export NAME=value; mkdir sub; cd sub").printed == ""
        assert shell.run('echo "$NAME" in $(basename "$PWD")').printed == "value in sub\n"
        assert shell.run("cat <<END\n$NAME\nEND").printed == "value\n"
        failed = shell.run("echo out; echo why >&2; cat; false  # a comment")
        assert (failed.printed, failed.code) == ("out\nwhy\n", 1)
        assert shell.run("echo $?").printed == "1\n"
        assert shell.run("test -t 1").code == 0

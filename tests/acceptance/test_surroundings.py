"""What surrounds a run: bytes on the command line, variables, streams, the working directory, limits, the disk.

Each is a clear error with a hint, or does not matter; never a bug report, a signal or a file in a wrong place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.apex import run, verified, wait_gone, write_lines
from tests.acceptance.seeds import SEEDS, shipment

NOT_UTF8 = os.fsdecode(b"caf\xe9")
ASCII_ONLY = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    "verb",
    [
        *(("search",), ("get",), ("facts",), ("forget",), ("runs", "show"), ("ingest",), ("ingest", "x", "--source")),
        *(("dlq", "show"), ("dlq", "retry"), ("dlq", "drop"), ("staging", "retry"), ("facts", "x", "--at")),
        *(("facts", "x", "--predicate"), ("search", "x", "--source"), ("search", "x", "--limit"), ()),
    ],
    ids=" ".join,
)
def test_an_argument_that_is_no_text(home: Path, verb: tuple[str, ...]) -> None:
    result = run(home, *verb, NOT_UTF8, env={"APEX_LOCK_TIMEOUT": "60s"}).expect(2)
    assert result.stderr.startswith("error: ")
    assert "hint:" in result.stderr


def test_text_under_a_locale_without_unicode(seeded: Path) -> None:
    found = run(seeded, "facts", "SHIP-2025-10-19-002", "--json", env=ASCII_ONLY).expect(0)
    assert found.lines
    run(seeded, "search", "Café Órbita", env=ASCII_ONLY).expect(0)


def test_a_file_name_that_is_no_text_is_a_file(home: Path) -> None:
    file = home.parent / f"{NOT_UTF8}.json"
    write_lines(file, SEEDS[:1])
    assert run(home, "ingest", file, "--json").expect(0).summary["committed"] == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("APEX_HOME", NOT_UTF8, r"caf\udce9 cannot be used: its name holds bytes that are not UTF-8"),
        ("APEX_HOME", "~no-such-user/apex", "whose user has no home directory"),
        ("APEX_POSTGRES_PASSWORD", NOT_UTF8, "APEX_POSTGRES_PASSWORD holds bytes that are not UTF-8"),
        ("OPENAI_API_KEY", "sk-é", "OPENAI_API_KEY holds a character that no HTTP header may"),
        ("APEX_QDRANT_API_KEY", "a\nb", "APEX_QDRANT_API_KEY holds a character that no HTTP header may"),
    ],
)
def test_a_setting_that_nothing_can_hold(home: Path, name: str, value: str, says: str) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    result = run(home, "ingest", file, env={name: value}).expect(10)
    assert says in result.stderr
    assert not home.exists()


def test_blanks_around_a_home_are_not_part_of_it(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS[:1])
    run(home, "ingest", file, env={"APEX_HOME": f" {home} "}).expect(0)
    assert sorted(path.name for path in home.parent.iterdir()) == sorted((home.name, file.name))
    assert verified(home) == 1


def test_settings_in_another_encoding(home: Path) -> None:
    (home.parent / ".env").write_bytes(b"APEX_NAMESPACE=caf\xe9\n")
    assert ".env cannot be read" in run(home, "runs").expect(10).stderr


@pytest.mark.parametrize("verb", [("ingest", "x"), ("runs",), ("facts", "x"), ("doctor",)], ids=" ".join)
def test_a_working_directory_that_is_gone(home: Path, verb: tuple[str, ...]) -> None:
    gone = home.parent / "gone"
    gone.mkdir()
    result = run(home, *verb, cwd=gone, shell='rmdir "$PWD"; exec "$@"').expect(10)
    assert "working directory" in result.stderr
    assert not home.exists()


def test_a_home_that_is_a_file(home: Path) -> None:
    home.write_text("")
    for place in (home, home / "inside"):
        result = run(home, "runs", env={"APEX_HOME": str(place)}).expect(10)
        assert str(place) in result.stderr
        assert "hint:" in result.stderr
        for verb in ("status", "ls", "entities"):
            result = run(home, verb, env={"APEX_HOME": str(place)}).expect(10)
            assert f"the home {place} cannot be used" in result.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_result(home: Path, closed: str) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    run(home, "ingest", file, shell=f'exec "$@" {closed}').expect(0)
    assert verified(home) == 3


def test_stdin_that_is_closed_is_no_input(home: Path) -> None:
    assert "stdin is closed" in run(home, "ingest", "-", shell='exec "$@" <&-').expect(2).stderr


def test_an_empty_path_is_not_the_working_directory(home: Path) -> None:
    write_lines(home.parent / "seeds.jsonl", SEEDS)
    assert "empty" in run(home, "ingest", "").expect(2).stderr
    assert not home.exists()


@pytest.mark.embedded
def test_a_home_inside_of_an_input_is_no_input(home: Path) -> None:
    write_lines(home.parent / "seeds.jsonl", SEEDS)
    for status in ("committed", "unchanged"):
        summary = run(home, "ingest", home.parent, "--json").expect(0).summary
        assert (summary["inputs"], summary[status]) == (1, 3)


@pytest.mark.embedded
@pytest.mark.parametrize("kib", [4_000_000, 20_000_000])
def test_limited_address_space_is_enough(home: Path, kib: int) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    limited = f'ulimit -v {kib}; exec "$@"'
    run(home, "ingest", file, shell=limited).expect(0)
    assert "SHIP-2025-10-19-002" in run(home, "facts", "SHIP-2025-10-19-002", shell=limited).expect(0).stdout
    assert verified(home) == 3


@pytest.mark.embedded
@pytest.mark.parametrize("kib", [250_000, 900_000])
def test_too_little_address_space_says_so(home: Path, kib: int) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    result = run(home, "ingest", file, shell=f'ulimit -v {kib}; exec "$@"').expect(10)
    assert "the embedded graph engine needs address space" in result.stderr
    assert "ulimit -v" in result.stderr


@pytest.mark.embedded
def test_a_home_without_permission(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    home.mkdir(mode=0o700)
    shell = 'exec "$@"'
    if os.geteuid() == 0:
        # Root without the capabilities that pass closed directories, in a home that is another user's.
        os.chown(home, 65534, 65534)
        shell = 'exec setpriv --bounding-set -dac_override,-dac_read_search,-chown,-fowner --inh-caps -all "$@"'
        if shutil.which("setpriv") is None:
            pytest.skip("this machine has no setpriv")
    else:
        home.chmod(0)
    try:
        for verb in (("ingest", file), ("facts", "x"), ("runs",), ("staging", "list")):
            result = run(home, *verb, shell=shell).expect(10)
            assert str(home) in result.stderr
            assert "hint:" in result.stderr
        assert f"{home} cannot be written to" in run(home, "doctor", shell=shell).expect(10).stdout
    finally:
        home.chmod(0o700)


@pytest.mark.embedded
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.parametrize("megabytes", [1, 60, 150])
def test_a_new_home_on_a_small_disk(home: Path, megabytes: int) -> None:
    _mounted(home, megabytes)
    try:
        file = write_lines(home.parent / "seeds.jsonl", SEEDS)
        result = run(home, "ingest", file).expect(10)
        assert "the disk is full" in result.stderr
        assert str(home) in result.stderr
    finally:
        subprocess.run(["umount", str(home)], check=True)


@pytest.mark.embedded
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_disk_that_fills_up_ends_the_run_and_loses_nothing(home: Path) -> None:
    records = 5000
    _mounted(home, 260)
    try:
        filler = {"notes": "x" * 2000}
        file = write_lines(home.parent / "many.jsonl", [{**shipment(number), **filler} for number in range(records)])
        result = run(home, "ingest", file).expect(3)
        assert "Stopped early: the disk is full" in result.stdout
        (home / "ballast").write_bytes(bytes(max(0, _free(home) - 20 * 1024**2)))
        for verb in (("ingest", file), ("facts", "x"), ("search", "x"), ("verify",)):
            assert "the disk is full" in run(home, *verb).expect(10).stderr
        (home / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,size=900m", str(home)], check=True)
        counted = run(home, "ingest", file, "--json").expect(0).summary
        assert counted["committed"] + counted["unchanged"] >= records
        assert verified(home) == records
    finally:
        wait_gone(home)
        subprocess.run(["umount", str(home)], check=True)


def _mounted(home: Path, megabytes: int) -> None:
    home.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(home)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")


def _free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize

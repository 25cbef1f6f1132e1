"""What files are called when folders are compared, how much may go, and what is certainly gone."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from apex_cli.addresses import StoreUrl
from apex_cli.config import Settings
from apex_cli.pipeline.synced_names import NOWHERE, FileNames
from apex_cli.units import Portion, parse_portion


def names(postgres: str = "embedded", machine: str | None = None) -> FileNames:
    settings = Settings(home=Path("/h"), staging_dir=Path("/s"), postgres_url=StoreUrl(postgres), machine=machine)
    return FileNames(settings)


def test_a_file_is_called_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = os.fsencode(tmp_path)
    assert names().of("a.csv") == names().of("./x/../a.csv") == names().of(f"/{tmp_path}/a.csv") == here + b"/a.csv"
    assert names().of("drop/") == names().of("drop") == here + b"/drop"
    assert names().of("/") == b"/"


def test_a_link_is_called_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "today").mkdir()
    (tmp_path / "current").symlink_to("today")
    assert names().of(str(tmp_path / "current")) == os.fsencode(tmp_path / "current")
    file = names().of(str(tmp_path / "current" / "a.csv"))
    assert names().place(file) == str(tmp_path.resolve() / "today" / "a.csv")


def test_machines_that_share_a_memory_have_files_of_their_own() -> None:
    server = "postgresql://db/apex"
    assert names(server).of("/srv/a") == os.fsencode(f"{socket.gethostname()}:/srv/a")
    desk, dock = names(server, "desk"), names(server, "dock")
    assert desk.of("/srv/a") == b"desk:/srv/a"
    assert desk.shown(desk.of("/srv/a")) == "/srv/a"
    assert dock.path(desk.of("/srv/a")) is None
    assert dock.gone([desk.of("/no/such/file")]) == []


def test_addresses_are_the_same_for_all_machines() -> None:
    for each in (names(), names("postgresql://db/apex", "desk")):
        assert each.of("s3://bucket/drop/") == b"s3://bucket/drop"
        assert each.path(b"s3://bucket/drop") is None
        assert each.place(b"s3://bucket/drop/a.txt") == "s3://bucket/drop/a.txt"


def test_only_what_is_certainly_gone_is_gone(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / b"caf\xe9".decode("utf-8", "surrogateescape")).write_text("x")
    long = tmp_path.joinpath(*["a" * 200] * 15)
    found = {name: names().of(str(tmp_path / name)) for name in ("there", "folder", "dangling", "never", "there/below")}
    found["café"] = os.fsencode(tmp_path) + b"/caf\xe9"
    found["long"] = names().of(str(long))
    gone = names().gone([*found.values(), NOWHERE])
    assert [name for name, file in found.items() if file in gone] == ["folder", "never", "there/below"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_without_permission_hides_nothing(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    try:
        assert names().gone([names().of(str(closed / "a.csv"))]) == []
    finally:
        closed.chmod(0o700)


def test_long_names_stay_apart() -> None:
    one, other = (names().of("/" + "a" * 3_000 + end) for end in "xy")
    assert one != other
    assert max(len(one), len(other)) < 2_600


@pytest.mark.parametrize(
    ("text", "total", "allowed"),
    [("10%", 3, 1), ("10%", 100, 10), ("10%", 101, 11), ("0%", 9, 0), ("0", 9, 0), ("25", 9, 25), ("12.5 %", 8, 1)],
)
def test_how_many_may_go(text: str, total: int, allowed: int) -> None:
    assert parse_portion(text).of(total) == allowed


@pytest.mark.parametrize("text", ["", "%", "-1", "101%", "1e3", "ten", "10%%", "٣", "1.5"])
def test_what_is_no_portion(text: str) -> None:
    with pytest.raises(ValueError, match="10%"):
        parse_portion(text)


def test_portions_are_shown_as_they_are_written() -> None:
    assert [str(parse_portion(text)) for text in ("10%", "12.5%", "25")] == ["10%", "12.5%", "25"]
    assert str(Portion(percent=100.0)) == "100%"

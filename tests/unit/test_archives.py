"""Archives: what is in them is read, within limits; what is hostile in them is named, alone, and left out."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from apex_cli.formats.archives import unpacking
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.inputs import MOST_LEVELS
from apex_cli.reading.read import read_input
from tests.linear import peak_memory

LIMITS = ReadLimits(max_record_bytes=10**6, max_document_bytes=10**6, max_depth=50)
SHIPMENT = b'{"shipmentId": "S-1", "customerName": "Acme", "status": "in_transit"}\n'
RATES = b"# Rates\n\nBOL 5521907 is on the load.\n"


def read(path: Path, limits: ReadLimits = LIMITS) -> list[Record | Rejected | Skipped]:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return list(
        read_input(
            path, name=path.name, origin=str(path), source="auto", observed_at=now, limits=limits, namespace="apex"
        )
    )


def of_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def of_tar(path: Path, *entries: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for entry, data in entries:
            archive.addfile(entry, io.BytesIO(data))
    return path


def entry(name: str, size: int = 0, type: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size, found.type = size, type
    found.linkname = "/etc/passwd" if type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    return found


def codes(found: list[Record | Rejected | Skipped]) -> list[str]:
    return [each.error.code for each in found if isinstance(each, Rejected)]


def locators(found: list[Record | Rejected | Skipped]) -> list[str]:
    return [each.locator for each in found if isinstance(each, Record)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("s.jsonl.gz", gzip.compress),
        ("s.jsonl.bz2", bz2.compress),
        ("s.jsonl.xz", lzma.compress),
        ("s.jsonl.zst", zstandard.ZstdCompressor().compress),
    ],
)
def test_a_compressed_file(tmp_path: Path, name: str, pack: object) -> None:
    path = tmp_path / name
    path.write_bytes(pack(SHIPMENT))  # type: ignore[operator]
    (record,) = read(path)
    assert isinstance(record, Record)
    assert (record.source, record.external_id, record.locator) == ("turvo", "S-1", f"{name}/s.jsonl:1")
    path.write_bytes(pack(SHIPMENT * 50)[:-9])  # type: ignore[operator]
    assert codes(read(path)) == ["broken_file"]
    # By its content, whatever it is called.
    path = tmp_path / "renamed"
    path.write_bytes(pack(SHIPMENT))  # type: ignore[operator]
    assert [each.external_id for each in read(path) if isinstance(each, Record)] == ["S-1"]


def test_archives_in_archives(tmp_path: Path) -> None:
    tar = of_tar(tmp_path / "b.tgz", (entry("north/s.jsonl", len(SHIPMENT)), SHIPMENT), mode="w:gz")
    path = of_zip(tmp_path / "a.zip", {"b.tgz": tar.read_bytes(), "terms/rates.md": RATES})
    found = read(path)
    assert locators(found) == ["a.zip/b.tgz/b.tar/north/s.jsonl:1", "a.zip/terms/rates.md"]
    document = found[1]
    assert isinstance(document, Record)
    assert document.payload["path"] == f"{tmp_path}/a.zip/terms/rates.md"


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.md", "/etc/x.md", "a/../../x.md", "C:\\x.md", "..\\x.md"])
def test_names_that_lead_out_fail_alone(tmp_path: Path, name: str) -> None:
    found = read(of_zip(tmp_path / "a.zip", {name: RATES, "good.md": RATES}))
    assert (codes(found), locators(found)) == (["unsafe_name"], ["a.zip/good.md"])
    tar = of_tar(tmp_path / "a.tar", (entry(name, len(RATES)), RATES), (entry("good.md", len(RATES)), RATES))
    found = read(tar)
    assert (codes(found), locators(found)) == (["unsafe_name"], ["a.tar/good.md"])
    assert {path.name for path in tmp_path.rglob("*")} == {"a.zip", "a.tar"}


def test_links_and_devices_are_skipped(tmp_path: Path) -> None:
    found = read(
        of_tar(
            tmp_path / "a.tar",
            (entry("link", type=tarfile.SYMTYPE), b""),
            (entry("hard", type=tarfile.LNKTYPE), b""),
            (entry("disk", type=tarfile.BLKTYPE), b""),
            (entry("pipe", type=tarfile.FIFOTYPE), b""),
            (entry("good.md", len(RATES)), RATES),
        )
    )
    assert [each.note for each in found if isinstance(each, Skipped)] == [
        "a symbolic link in an archive",
        "a hard link in an archive",
        "a device or a special file in an archive",
        "a device or a special file in an archive",
    ]
    assert locators(found) == ["a.tar/good.md"]
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert [type(each) for each in read(path)] == [Skipped]


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MIN_SUSPECT_BYTES", 10**6)
    zeros = b"0" * (5 * 10**6)
    assert codes(read(of_zip(tmp_path / "a.zip", {"zeros.md": zeros, "good.md": RATES}))) == ["zip_bomb"]
    (tmp_path / "b.md.gz").write_bytes(gzip.compress(zeros))
    assert codes(read(tmp_path / "b.md.gz")) == ["zip_bomb"]


def test_unpacked_bytes_are_limited_together(tmp_path: Path) -> None:
    limits = replace(LIMITS, max_unpacked_bytes=100_000)
    members = {f"{number}.md": bytes([65 + number]) * 40_000 for number in range(6)}
    found = read(of_zip(tmp_path / "a.zip", members), limits)
    assert locators(found) == ["a.zip/0.md", "a.zip/1.md"]
    assert codes(found) == ["too_large"]
    one = read(of_zip(tmp_path / "b.zip", {"large.md": b"x" * 200_000, "good.md": RATES}), limits)
    assert (codes(one), locators(one)) == (["too_large"], ["b.zip/good.md"])


def test_levels_are_limited(tmp_path: Path) -> None:
    data = RATES
    name = "r.md"
    for level in range(MOST_LEVELS + 2):
        data = of_zip(tmp_path / "x.zip", {name: data}).read_bytes()
        name = f"{level}.zip"
    assert codes(read(tmp_path / "x.zip")) == ["too_deep"]


def test_an_archive_of_too_many_members_is_not_listed(tmp_path: Path) -> None:
    path = of_zip(tmp_path / "a.zip", {"good.md": RATES})
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    data[end + 12 : end + 16] = (0x7FFFFFFF).to_bytes(4, "little")
    path.write_bytes(data)
    assert codes(read(path)) == ["too_many_files"]


@pytest.mark.parametrize("cut", [1, 30, 100])
def test_a_cut_archive(tmp_path: Path, cut: int) -> None:
    path = of_zip(tmp_path / "a.zip", {"good.md": RATES})
    path.write_bytes(path.read_bytes()[:-cut])
    assert codes(read(path)) == ["broken_file"]


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = of_zip(tmp_path / "a.zip", {"secret.md": RATES, "good.md": RATES})
    data = bytearray(path.read_bytes())
    first = data.find(b"PK\x01\x02")
    data[first + 8] |= 1
    path.write_bytes(data)
    found = read(path)
    assert (codes(found), locators(found)) == (["encrypted"], ["a.zip/good.md"])


def test_a_header_of_a_gigabyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    header = entry("pax", type=tarfile.XHDTYPE)
    header.size = 2**30
    path.write_bytes(header.tobuf() + b"\0" * 1024)
    found, most = peak_memory(lambda: read(path))
    assert codes(found) == ["too_large"]
    assert most < 20 * 2**20


def test_hidden_members_are_passed_over(tmp_path: Path) -> None:
    members = {"__MACOSX/._a.md": b"x", ".git/config": b"x", "Thumbs.db": b"x", "good.md": RATES}
    assert locators(read(of_zip(tmp_path / "a.zip", members))) == ["a.zip/good.md"]


def test_a_failed_member_is_kept_alone(tmp_path: Path) -> None:
    found = read(of_zip(tmp_path / "a.zip", {"broken.json": b"{", "good.md": RATES}))
    (failed,) = [each for each in found if isinstance(each, Rejected)]
    assert failed.locator == "a.zip/broken.json:1"

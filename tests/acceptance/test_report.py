"""`apex report` and `apex show`: what they show, and what text of payloads cannot do to them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.acceptance.apex import APEX, new_home, run, write_lines
from tests.acceptance.hostile_pages import HOSTILE, SHIPMENT, TRUCK, hostile_records
from tests.chromium import executable

NOON = "2025-10-20T12:00:00Z"


class Parts(HTMLParser):
    """What a page is made of, as a parser of HTML sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "src", "xlink:href"):
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def parts(page: str) -> Parts:
    found = Parts()
    found.feed(page)
    found.close()
    return found


def check(page: str) -> Parts:
    """Nothing but anchors, all of which lead somewhere; no script, no handler, nothing that asks the network."""
    found = parts(page)
    outside = [link for link in found.links if not link.startswith("#")]
    assert outside == ["data:,"]
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))
    assert not found.tags & {"script", "img", "iframe", "object", "embed", "form", "input", "base", "foreignobject"}
    assert not {name for name in found.attributes if name.startswith("on")}
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert not re.search(r"url\(|@import", style)
    assert "default-src 'none'" in page
    assert "UTC (offset +00:00)" in found.text
    return found


@pytest.fixture(scope="module")
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        run(place, "ingest", write_lines(place.parent / "all.jsonl", hostile_records()), "-q").expect(0)
        bad = {"vehicle_id": "TRUCK-<b>1</b>", "latitude": 991, "longitude": 0, "timestamp": NOON}
        run(place, "ingest", write_lines(place.parent / "<b>bad.jsonl", [bad]), "-q").expect(3)
        yield place


def test_the_report_shows_gaps_arrivals_and_failures(home: Path) -> None:
    done = run(home, "report", "-o", "report.html", "--at", NOON).expect(0)
    assert done.stdout.endswith("report.html.\n")
    found = check((home.parent / "report.html").read_text(encoding="utf-8"))
    for text in (
        *("Trucks not seen for 1d", TRUCK, "past their appointment, not known as delivered", SHIPMENT),
        *("says delivered", "bad_position", "apex dlq retry", "What came in", "frontapp", "samsara", "turvo"),
        *("committed", "failed", "Stages", "graph", "2025-10-19 11:00 UTC"),
    ):
        assert text in found.text, text


def test_the_report_as_json_has_the_gaps_and_a_summary(home: Path) -> None:
    lines = run(home, "report", "--json", "--at", NOON, "--unseen", "2d").expect(0).lines
    kinds = [line["kind"] for line in lines if line["type"] == "gap"]
    assert set(kinds) == {"overdue", "contradiction"}
    (failure,) = [line for line in lines if line["type"] == "failure"]
    assert (failure["code"], failure["count"], failure["sources"]) == ("bad_position", 1, ["samsara"])
    assert (lines[-1]["type"], lines[-1]["unseen"], lines[-1]["file"], lines[-1]["bytes"]) == ("summary", 0, None, 0)
    both = run(home, "report", "--json", "-o", "both.html", "--at", NOON).expect(0).summary
    assert (both["unseen"], both["bytes"]) == (1, (home.parent / "both.html").stat().st_size)


def test_a_home_that_does_not_exist_gives_a_page_that_says_so(short_tmp: Path) -> None:
    with new_home(short_tmp) as place:
        found = check(run(place, "report").expect(0).stdout)
        assert "The memory is empty" in found.text
        run(place, "show", "TRUCK-1", "--html").expect(2)


def test_a_page_goes_to_a_file_or_a_pipe(home: Path, tmp_path: Path) -> None:
    written = run(home, "show", SHIPMENT, "--html", "-o", tmp_path / "x.html", "-q", shell='umask 027; exec "$@"')
    assert written.exit == 0
    assert written.stdout == ""
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert (tmp_path / "x.html").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]
    piped = run(home, "show", SHIPMENT, "--html").expect(0).stdout
    made = re.compile(r"<time [^<]*</time>|20\d\d-\d\d-\d\d \d\d:\d\d UTC")
    assert made.sub("", piped) == made.sub("", page)
    assert made.sub("", run(home, "show", SHIPMENT, "--html", "-o", "-").expect(0).stdout) == made.sub("", page)
    refused = ((tmp_path, "is a folder"), (tmp_path / "none" / "x.html", "no folder"), ("/dev/null", "no regular file"))
    for where, says in refused:
        assert says in run(home, "report", "-o", where).expect(2).stderr
    assert "two formats" in run(home, "show", SHIPMENT, "--html", "--dot").expect(2).stderr
    assert "-o goes with" in run(home, "show", SHIPMENT, "-o", "x").expect(2).stderr
    closed = run(home, "show", SHIPMENT, "--html", shell='{ "$@"; echo $? >&2; } | head -c 10')
    assert (closed.stdout, closed.stderr) == ("<!DOCTYPE ", "0\n")


def test_a_page_does_not_go_to_a_terminal(home: Path) -> None:
    leader, follower = pty.openpty()
    try:
        done = subprocess.run(
            [APEX, "report"], stdout=follower, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False,
            env={**os.environ, "APEX_HOME": str(home)}, timeout=60,
        )  # fmt: skip
    finally:
        os.close(leader)
        os.close(follower)
    assert (done.returncode, "-o FILE" in done.stderr) == (2, True)


def test_an_entity_page_leads_from_marks_to_records(home: Path) -> None:
    found = check(run(home, "show", TRUCK, "--html", "--at", NOON).expect(0).stdout)
    for text in ("Timeline", "Map", "Neighbourhood", f"samsara:{TRUCK}@2025-10-19T11:00:00Z", "apex get"):
        assert text in found.text, text
    assert len([link for link in found.links if link.startswith("#r-")]) > 4
    earlier = check(run(home, "show", TRUCK, "--html", "--at", "2025-10-19T10:30:00Z").expect(0).stdout)
    assert "T11:00:00Z" not in earlier.text
    unknown = run(home, "show", "nothing-like-it", "--mermaid").expect(2)
    assert (unknown.stdout, "hint:" in unknown.stderr) == ("", True)
    several = run(home, "show", "Customer").expect(2)
    assert "ambiguous" in run(home, "show", "Customer", "--json").stdout
    assert "TYPE" in several.stdout


def test_an_entity_is_shown_as_text_and_as_json(home: Path) -> None:
    text = run(home, "show", TRUCK).expect(0).stdout
    assert text.startswith(f"Vehicle {TRUCK}\n")
    assert f"samsara:{TRUCK}@2025-10-19T11:00:00Z" in text
    lines = run(home, "show", SHIPMENT, "--json").expect(0).lines
    assert {line["type"] for line in lines} == {"mark", "neighbour", "entity"}
    assert (lines[-1]["name"], lines[-1]["entity_type"]) == (SHIPMENT, "Shipment")
    assert all(line["record"] for line in lines if line["type"] == "mark")


def test_hostile_text_is_only_ever_text(home: Path) -> None:
    page = run(home, "show", SHIPMENT, "--html").expect(0).stdout
    shown = check(page)
    for text in HOSTILE:
        if text.isprintable():
            assert text[:15].strip() in shown.text, text
    assert "{{7*7}}" in shown.text
    assert "{{7*7}}" in run(home, "show", SHIPMENT).expect(0).stdout


_MERMAID_LABEL = r'"(?:[\w .,/+@()-]|#\d+;|<br/>)*"'
_MERMAID = re.compile(
    r"flowchart LR\n"
    rf"(?: {{4}}n\d+\[{_MERMAID_LABEL}\]\n)+"
    rf"(?: {{4}}n\d+ -->\|{_MERMAID_LABEL}\| n\d+\n)*"
    r" {4}style n0 stroke-width:3px\n"
)


def test_mermaid_is_a_flowchart_whatever_the_text(home: Path) -> None:
    text = run(home, "show", SHIPMENT, "--mermaid").expect(0).stdout
    assert _MERMAID.fullmatch(text), text
    assert len(re.findall(r"^    n\d+\[", text, re.MULTILINE)) > len(HOSTILE)


def test_dot_is_read_by_graphviz_whatever_the_text(home: Path) -> None:
    program = executable("dot")
    text = run(home, "show", SHIPMENT, "--dot").expect(0).stdout
    done = subprocess.run([program, "-Tjson"], input=text, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    drawn = json.loads(done.stdout)
    nodes = [one for one in drawn["objects"] if "nodes" not in one]
    assert len(nodes) == len(re.findall(r"^    n\d+ \[", text, re.MULTILINE)) > len(HOSTILE)
    assert not [one for one in (*nodes, *drawn["edges"]) if "URL" in one or "href" in one]
    svg = subprocess.run([program, "-Tsvg"], input=text, capture_output=True, text=True, check=True, timeout=60)
    assert "<script" not in svg.stdout

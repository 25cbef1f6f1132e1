"""What is deployed beside apex speaks of things that exist: metrics, options, settings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from apex_cli.config import load
from apex_cli.metrics import as_text, families
from apex_cli.staging import StagingStats
from apex_cli.stores.postgres.runs import RunStatistics
from tests.metric_text import names

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
EXPORTED = names(as_text(families(RunStatistics([], [], [], []), StagingStats(limit=1, free=None), "apex")).decode())


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def used(text: str) -> set[str]:
    return set(re.findall(r"\bapex_[a-z_]+", text))


@pytest.mark.parametrize("name", ["alerts.yml", "grafana-dashboard.json"])
def test_only_exported_metrics_are_used(name: str) -> None:
    found = used((DEPLOY / name).read_text())
    assert found
    assert found <= EXPORTED


def test_every_alert_is_named_measured_and_explained() -> None:
    assert len(rules()) > 10
    for rule in rules():
        assert re.fullmatch(r"Apex[A-Za-z]+", rule["alert"])
        assert used(rule["expr"])
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_the_operations_page_knows_every_alert_and_every_metric() -> None:
    missing = {rule["alert"] for rule in rules()} - set(re.findall(r"\bApex[A-Za-z]+", OPERATIONS))
    assert not missing
    assert used(OPERATIONS) - {"apex_cli"} == EXPORTED


def test_every_panel_of_the_dashboard_asks_something() -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    assert dashboard["panels"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert all(used(target["expr"]) for target in panel["targets"])


@pytest.mark.parametrize("name", ["apex-ingest.service", "apex-watch.service", "apex.crontab"])
def test_the_settings_of_units_are_settings(name: str, tmp_path: Path) -> None:
    lines = (DEPLOY / name).read_text().splitlines()
    given = [re.fullmatch(r"(?:Environment=)?(APEX_[A-Z_]+)=(.*)", line) for line in lines]
    environ = {match[1]: match[2] for match in given if match}
    settings = load(cwd=tmp_path, environ=environ)
    assert settings.home == Path(environ["APEX_HOME"])
    assert settings.metrics_textfile == Path(environ["APEX_METRICS_TEXTFILE"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_alerts_fire_when_they_should() -> None:
    for command in (("check", "rules", DEPLOY / "alerts.yml"), ("test", "rules", ROOT / "tests" / "alerts.yml")):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

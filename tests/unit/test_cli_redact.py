"""Secrets never reach a screen."""

from __future__ import annotations

import pytest

from apex_cli.cli.output import redact


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://apex:hunter2@db.example/apex",
        "bolt://neo4j:p@hunter2@graph:7687",
        "redis://:hunter2@cache:6379/0",
        "host=db password=hunter2 dbname=x",
        "password='hunter2' user=x",
        'connect(password="hunter2")',
        '{"api_key": "hunter2"}',
        "api-key: hunter2",
        "APEX_GRAPH_PASSWORD=hunter2",
        "Authorization: Bearer hunter2",
        "Incorrect key sk-proj-hunter2hunter2",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    assert "hunter2" not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text", ["see https://example.org/a:b and mail to a@b.org", "12 tokens were read", "sk-1 is a short name", ""]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


def test_what_is_around_a_secret_stays() -> None:
    assert redact("postgresql://apex:x@db/apex refused") == "postgresql://***@db/apex refused"
    assert redact("password=x dbname=y") == "password=*** dbname=y"

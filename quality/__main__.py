"""`python -m quality`: precision and recall of rules alone, and of rules with the configured model, on labelled texts.

The model is the one that `apex ingest` would ask here: `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `APEX_LLM_MODEL` and the
rest. Where none is configured, a fake OpenAI server answers; the output then states that only the plumbing is checked.
Every run asks the model again, so that the cost is measured. The exit code is 1 only when the texts cannot be read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apex_cli.config import OPENAI_URL, Settings, load
from apex_cli.errors import ApexError
from quality import labels
from quality.reading import Cost, Scores, by_model, by_rules
from quality.scoring import Tallies, macro, micro, table
from tests.openai_server import OpenAIServer

RULES, MODEL = "rules alone", "rules + model"
PLUMBING = (
    "No model is configured (OPENAI_API_KEY, OPENAI_BASE_URL), so a FAKE OPENAI SERVER answered.",
    "This checks the plumbing only: its figures are no evidence of the quality of any model.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, score, print; figures on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m quality", description=__doc__)
    parser.add_argument("--texts", type=int, metavar="N", help="only the first N (all)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    options = parser.parse_args(arguments)
    texts = labels.load()[: options.texts]
    rules = by_rules(texts)
    with tempfile.TemporaryDirectory(prefix="apex-quality-") as home, _settings(Path(home)) as (settings, fake):
        print(f"quality: {len(texts)} texts by {settings.llm_model} ...", file=sys.stderr, flush=True)
        try:
            model, cost = asyncio.run(by_model(texts, settings))
        except ApexError as error:
            print(f"error: {error}" + (f" ({error.hint})" if error.hint else ""), file=sys.stderr)
            return 1
    scores = {RULES: rules, MODEL: model}
    print(_as_json(scores, cost, len(texts), fake) if options.json else _report(scores, cost, len(texts), fake))
    return 0


@contextmanager
def _settings(home: Path) -> Iterator[tuple[Settings, bool]]:
    """The settings of this environment with a home of their own, and whether they lead to the fake server."""
    settings = load({"home": home, "embedder": "local"})
    if settings.openai_api_key is not None or settings.openai_base_url != OPENAI_URL:
        yield settings, False
        return
    with OpenAIServer() as server:
        fake = {"openai_api_key": server.api_key, "openai_base_url": server.url, "llm_model": "gpt-4.1-mini"}
        yield load({"home": home, "embedder": "local", **fake}), True


def _report(scores: Mapping[str, Scores], cost: Cost, texts: int, fake: bool) -> str:
    used = cost.used
    dollars = f"${used.cost:.4f}" if not used.unpriced else "no price is known (APEX_LLM_PRICE_INPUT, …_OUTPUT)"
    lines = [
        f"{texts} labelled texts, {cost.model}",
        f"{used.calls / texts:.2f} calls, {used.tokens / texts:,.0f} tokens, {cost.seconds / texts:.3f} s a record",
        f"{used.calls} calls, {used.tokens:,} tokens, {cost.seconds:.2f} s in all; {dollars}",
        "",
        table("entities", {name: one.entities for name, one in scores.items()}),
        "",
        table("facts", {name: one.facts for name, one in scores.items()}),
        *(["", "not read:", *(f"  {name}: {why}" for name, why in cost.failed.items())] if cost.failed else []),
    ]
    return "\n".join([*PLUMBING, "", *lines, "", *PLUMBING] if fake else lines)


def _as_json(scores: Mapping[str, Scores], cost: Cost, texts: int, fake: bool) -> str:
    document = {
        "fake_server": fake,
        "model": cost.model,
        "texts": texts,
        "calls": cost.used.calls,
        "tokens": cost.used.tokens,
        "cost_usd": None if cost.used.unpriced else round(cost.used.cost, 6),
        "seconds": round(cost.seconds, 3),
        "failed": cost.failed,
        **{name: {"entities": _figures(one.entities), "facts": _figures(one.facts)} for name, one in scores.items()},
    }
    return json.dumps(document)


def _figures(tallies: Tallies) -> dict[str, Any]:
    rows = {**tallies, "micro": micro(tallies)}
    figures: dict[str, Any] = {
        name: {**asdict(one), "precision": one.precision, "recall": one.recall, "f1": one.f1}
        for name, one in rows.items()
    }
    precision, recall, f1 = macro(tallies)
    return {**figures, "macro": {"precision": precision, "recall": recall, "f1": f1}}


if __name__ == "__main__":
    sys.exit(main())

"""`python -m quality.mentions`: precision and recall of mentions of known things, on labelled texts.

Each text is read as a document, and the graph's own function says which things its entities and phrases are
(`signatures.groups`). A known thing that is found and not labelled is an error. `--all` shows every error.

`texts.json` is the set that the rules were made with. `second.json` has short forms ("Mfg", "Int'l"), either number,
possessives, last names first, and near misses; at first contact its precision was 0.947 and its recall 0.857.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apex_cli.extract.identity import content_hash
from apex_cli.extract.signatures import Signature, groups, signature_of
from apex_cli.model import Entity, Record
from apex_cli.sources.registry import extract
from quality.mentions.known import known, second
from quality.scoring import Tally

TEXTS = Path(__file__).with_name("texts.json")
SECOND = Path(__file__).with_name("second.json")
_OBSERVED = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Text:
    """One text, and the names of the known things that it mentions."""

    text: str
    mentions: frozenset[str]


def load(path: Path = TEXTS) -> list[Text]:
    """The labelled texts. Raises OSError, KeyError or ValueError where they cannot be read."""
    return [Text(one["text"], frozenset(one["mentions"])) for one in json.loads(path.read_text(encoding="utf-8"))]


def mentioned(text: str, things: Sequence[Entity]) -> frozenset[str]:
    """The names of the things, all that the memory knows, that it lets this text mention."""
    payload = {"path": "/text.txt", "format": "text", "content": text}
    extraction = extract(Record("document", "document", "text", payload, content_hash(payload), _OBSERVED, "text.txt"))
    own = {signature_of(one) for one in extraction.entities[1:]}
    own |= {Signature((phrase.key,)) for phrase in extraction.phrases}
    names = {signature_of(one): one.name for one in things}
    return frozenset(
        names[one] for group in groups([*names, *own]) if not own.isdisjoint(group) for one in group if one in names
    )


def tally(texts: Sequence[Text], things: Sequence[Entity]) -> tuple[Tally, list[str]]:
    """Right, found and expected over all texts, and one line for each error."""
    total, errors = Tally(), []
    for one in texts:
        found = mentioned(one.text, things)
        total += Tally(len(found & one.mentions), len(found), len(one.mentions))
        errors += [f"missed {name!r}: {one.text[:100]!r}" for name in sorted(one.mentions - found)]
        errors += [f"wrong {name!r}: {one.text[:100]!r}" for name in sorted(found - one.mentions)]
    return total, errors


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, score, print."""
    parser = argparse.ArgumentParser(prog="python -m quality.mentions", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every error, a line each")
    options = parser.parse_args(arguments)
    for path, things in ((TEXTS, known()), (SECOND, second())):
        texts = load(path)
        total, errors = tally(texts, things)
        print(
            f"{path.stem}: {len(texts)} texts, {total.expected} mentions of known things: precision"
            f" {total.precision:.3f}, recall {total.recall:.3f} ({total.right} right of {total.found} found)"
        )
        for line in errors if options.all else ():
            print(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

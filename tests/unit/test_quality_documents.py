"""The papers of `quality.documents`: their gold stands in them in every format, and the scorer sees what is wrong."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy

import pypdfium2  # type: ignore[import-untyped]
import pytest
from docx import Document

from apex_cli.extract import checkdigits
from apex_cli.stores.views import EntityView
from quality.documents import scoring
from quality.documents.forms import papers
from quality.documents.memory import Remembered
from quality.documents.papers import Paper
from quality.documents.tables import TABLES, Stated
from quality.documents.world import Load, loads
from quality.documents.writers import WRITERS


def world() -> Sequence[Load]:
    return loads(random.Random(1))


def made(count: int = 28, seed: int = 2) -> Sequence[Paper]:
    return papers(random.Random(seed), world(), count)


def words(name: str, data: bytes) -> str:
    """The text of a file, by the plainest means."""
    if name == "pdf":
        return " ".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(data))
    if name == "docx":
        document = Document(io.BytesIO(data))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return " ".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    if name == "mail":
        body = message_from_bytes(data, policy=policy.default).get_body()
        assert body is not None
        return str(body.get_content())
    return data.decode()


def squeezed(text: str) -> str:
    return "".join(text.casefold().replace("&amp;", "&").split())


@pytest.mark.parametrize("name", WRITERS)
def test_the_gold_of_a_paper_stands_in_it(name: str) -> None:
    for paper in made():
        text = squeezed(words(name, WRITERS[name][1](paper)))
        gold = [key.rsplit(":", 1)[1] for key in paper.identifiers] + [known.name for known in paper.mentions]
        assert [one for one in gold if squeezed(one) not in text] == [], paper.name


def test_one_seed_gives_the_same_papers_and_another_one_others() -> None:
    first, again, other = ([WRITERS["text"][1](paper) for paper in made(seed=seed)] for seed in (2, 2, 3))
    assert first == again
    assert first != other


def test_what_has_a_check_digit_has_the_right_one() -> None:
    keys = [key for paper in made(56) for key in paper.identifiers]
    containers = [key.rsplit(":", 1)[1] for key in keys if ":container:" in key]
    bills = [key.rsplit(":", 1)[1] for key in keys if ":bol:" in key]
    assert containers
    assert all(map(checkdigits.container, containers))
    assert [bill for bill in bills if len(bill) == 17 and not checkdigits.gs1(bill)] == []
    assert any(len(bill) == 17 for bill in bills)
    assert all(checkdigits.vin(load.vin) for load in world())


@pytest.mark.parametrize("name", TABLES)
def test_every_record_of_a_table_states_something(name: str) -> None:
    stated = TABLES[name](random.Random(1), world())
    assert len(stated.statements) >= 12
    assert all(stated.statements)


def view(type: str, name: str, alias: str) -> EntityView:
    return EntityView(alias, name, type, (alias,))


def test_the_scorer_sees_what_is_missing_and_what_is_wrong() -> None:
    [paper] = made(1)
    right = [view("Reference", key, key) for key in paper.identifiers]
    right += [view(known.type, known.name, next(iter(known.keys))) for known in paper.mentions]

    def score(entities: Sequence[EntityView]) -> scoring.FormatScore:
        read: Mapping[str, Remembered] = {f"{paper.name}.txt": Remembered(entities, ())}
        return scoring.of_papers("text", [paper], read, ".txt")

    assert list(score(right).differences) == []
    assert score(right[1:]).identifiers.recall < 1
    assert score(right[:-1]).mentions.recall < 1
    assert score([*right, view("Order", "X-1", "order:po:X-1")]).identifiers.precision < 1
    assert score([*right, view("Carrier", "Someone Else", "carrier:mc:1")]).mentions.precision < 1
    assert scoring.same_everywhere([score(right), score(right[1:])]) != []


def test_a_record_is_right_only_as_a_whole() -> None:
    stated = Stated({"a.csv": b""}, [frozenset({("L", "ORIGIN", "Gary, IN")})])
    assert scoring.of_statements("csv", stated, {"a.csv": Remembered((), ())}).records.recall == 0

"""Whatever stands in the fields of a shipment: it is mapped, or refused as a record."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apex_cli.errors import ExtractError
from apex_cli.extract.field_names import snake_keys
from apex_cli.model import Extraction
from apex_cli.sources.registry import extract
from apex_cli.sources.turvo import SOURCE
from tests.turvo_helpers import case, detail, record

FLAT: dict[str, Any] = {
    **case("thin_row/1/detail.json"),
    **case("extra_fields/shipment.json"),
    "carriers": [{"name": "A", "id": 1, "mc": "MC-590377", "deleted": True, "endedAt": "2026-03-01"}],
    "driver": {"name": "Ann", "phone": "312-555-0142"},
    "managedBy": {"name": "Noor", "email": "noor@example.com"},
    "stops": [
        {"id": "s", "city": "Gary", "state": "IN", "appointment": {"date": "2026-03-05T08:00", "timeZone": "UTC"}}
    ],
}
SHAPES: list[dict[str, Any]] = [FLAT, detail(), case("turvo/webhook_shipment_status_update.json")]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(["TBD", "0", "", "2026-03-05T08:00:00", "2105", "1e400", "\ud800", "٣٤", "0001-01-01T00:00:00Z"])
)
values = st.recursive(
    scalars,
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "value", "name", "id", "date", "city", "code", "deleted"]), inside)
    ),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, inside in pairs for found in ((*path, name), *_places(inside, (*path, name)))]


@st.composite
def drifted(draw: st.DrawFn) -> dict[str, Any]:
    payload: dict[str, Any] = deepcopy(draw(st.sampled_from(SHAPES)))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(_places(payload)))
        around: Any = payload
        for name in path[:-1]:
            around = around[name]
        around[path[-1]] = draw(values)
    return payload


@settings(max_examples=300)
@given(drifted())
def test_any_value_anywhere(payload: dict[str, Any]) -> None:
    if SOURCE.matches(snake_keys(payload)):
        code = None
        try:
            _check(extract(record(payload)))
        except ExtractError as error:
            code = error.code
        assert code in (None, "unreadable_time", "no_shipment")


def _check(found: Extraction) -> None:
    keys = {entity.key for entity in found.entities}
    assert found.entities[0].type == "Shipment"
    for claim in found.claims:
        assert {claim.subject, claim.object} <= keys
        assert claim.valid_at.tzinfo is not None
        assert claim.invalid_at is None or claim.invalid_at >= claim.valid_at


@given(st.permutations(list(detail())))
def test_the_order_of_fields_does_not_matter(names: list[str]) -> None:
    shuffled = {name: detail()[name] for name in names}
    one, other = extract(record(shuffled)), extract(record(detail()))
    assert (one.entities, one.claims) == (other.entities, other.claims)


@given(st.permutations(detail()["globalRoute"]), st.permutations(detail()["statusHistory"]))
def test_the_order_of_stops_and_of_the_history_does_not_matter(route: list[Any], history: list[Any]) -> None:
    shuffled = {**detail(), "globalRoute": route, "statusHistory": history}
    one, other = extract(record(shuffled)), extract(record(detail()))
    assert (one.entities, one.claims) == (other.entities, other.claims)

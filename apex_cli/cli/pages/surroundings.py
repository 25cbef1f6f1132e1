"""The geometry of an entity's neighbourhood: the entity in the middle, its neighbours on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apex_cli.cli.output import clip
from apex_cli.cli.pages.charts import TextAt
from apex_cli.inventory import Neighbour
from apex_cli.reports import Portrait

WIDTH = 760
_SIDE_MOST = 12
_NODE_WIDTH, _NODE_HEIGHT, _NODE_GAP = 220, 34, 10
_NODE_CHARACTERS = 30
_CENTRE_X = 380


@dataclass(frozen=True, slots=True)
class NodeView:
    """A neighbour's box, the path of its edge, and what joins the two."""

    x: float
    y: float
    type: str
    name: str
    says: str
    edge: str
    edge_label: TextAt
    record_id: str


@dataclass(frozen=True, slots=True)
class NeighbourView:
    """Those that say something of the entity on the left, those that it is joined with on the right."""

    height: float
    centre_y: float
    nodes: Sequence[NodeView]
    left_out: int
    description: str


def around(portrait: Portrait) -> NeighbourView | None:
    """The neighbourhood as a picture; None without neighbours."""
    hood = portrait.neighbourhood
    if not hood.neighbours:
        return None
    left = [one for one in hood.neighbours if one.facts[-1].object_id == portrait.entity.id]
    right = [one for one in hood.neighbours if one.facts[-1].object_id != portrait.entity.id]
    shown = max(min(len(left), _SIDE_MOST), min(len(right), _SIDE_MOST))
    height = shown * (_NODE_HEIGHT + _NODE_GAP) + 2 * _NODE_GAP
    nodes: list[NodeView] = []
    for side, some in ((0, left[:_SIDE_MOST]), (1, right[:_SIDE_MOST])):
        used = len(some) * (_NODE_HEIGHT + _NODE_GAP) - _NODE_GAP
        top = (height - used) / 2
        nodes += [
            _node(portrait, one, side, top + index * (_NODE_HEIGHT + _NODE_GAP), height / 2)
            for index, one in enumerate(some)
        ]
    left_out = hood.left_out + len(hood.neighbours) - len(nodes)
    says = f"{portrait.entity.name} and {len(nodes)} things that it is joined with."
    return NeighbourView(height, height / 2, nodes, left_out, says)


def _node(portrait: Portrait, one: Neighbour, side: int, y: float, centre: float) -> NodeView:
    x = 4.0 if side == 0 else WIDTH - _NODE_WIDTH - 4.0
    begin = x + _NODE_WIDTH if side == 0 else x
    end = _CENTRE_X - 75 if side == 0 else _CENTRE_X + 75
    middle = y + _NODE_HEIGHT / 2
    bend = (begin + end) / 2
    edge = f"M{begin:.1f} {middle:.1f} C{bend:.1f} {middle:.1f} {bend:.1f} {centre:.1f} {end:.1f} {centre:.1f}"
    predicates = list(dict.fromkeys(fact.predicate for fact in one.facts))
    label = predicates[0].replace("_", " ").lower() + (f" +{len(predicates) - 1}" if len(predicates) > 1 else "")
    newest = one.facts[-1]
    return NodeView(
        x,
        round(y, 1),
        one.entity.type,
        clip(one.entity.name, _NODE_CHARACTERS),
        " ".join(fact.sentence for fact in one.facts[-3:]),
        edge,
        TextAt(x + 8, round(y + 12, 1), f"{one.entity.type.lower()} · {label}"),
        portrait.newest.get(newest.id, ""),
    )

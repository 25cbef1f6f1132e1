"""Keys of older memories in their present form.

PostgreSQL keeps what each version of a record was committed with, keys included. Until version 0.3 a name's key kept
its legal form and its blanks (`customer:name:acme manufacturing corp`), a telephone number alone was a key of a driver
or a person, and placeholders were keys. `renewed` gives such entities and claims the keys that they would get today.
What has present keys comes back as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from apex_cli.extract import keys, names, placeholders
from apex_cli.model import Claim, Entity, EntityType

_SHARED = ("driver:phone:", "driver:email:", "person:phone:")
_PEOPLE = frozenset((EntityType.DRIVER, EntityType.PERSON))
_COMPANIES = ("customer:", "carrier:")


def renewed(entities: Sequence[Entity], claims: Sequence[Claim]) -> tuple[tuple[Entity, ...], tuple[Claim, ...]]:
    """The same entities and claims with present keys."""
    present = tuple(map(_entity, entities))
    moved = {old.key: new.key for old, new in zip(entities, present, strict=True) if old.key != new.key}
    if not moved:
        return present, tuple(claims)
    return present, tuple(
        replace(one, subject=moved.get(one.subject, one.subject), object=moved.get(one.object, one.object))
        for one in claims
    )


def _entity(old: Entity) -> Entity:
    own = [present_form(key) for key in old.keys]
    own = [key for key in own if not _is_placeholder(key)] or own
    spelled = [present_form(key) for key in old.names]
    if old.type in _PEOPLE:
        own = list(_with_names(own, spelled))
    final = [key for key in own if not keys.is_outranked(key)] or own
    aliases = [key for key in dict.fromkeys((*spelled, *own)) if key not in final]
    hints = [key for hint in old.hints if (key := present_form(hint)) not in final and key not in aliases]
    new = (tuple(dict.fromkeys(final)), tuple(aliases), tuple(hints))
    return old if new == (old.keys, old.names, old.hints) else replace(old, keys=new[0], names=new[1], hints=new[2])


def present_form(key: str) -> str:
    """A key or name as it would be made today; only names have another form than before."""
    kind = keys.kind_of(key)
    if not kind.partition("@")[0].endswith(":name"):
        return key
    normal = names.company_key if key.startswith(_COMPANIES) else names.person_key
    return f"{kind}:{normal(key[len(kind) + 1 :])}"


def _is_placeholder(key: str) -> bool:
    kind = keys.kind_of(key)
    value = key[len(kind) + 1 :]
    if kind == "vehicle:vin":
        return not placeholders.is_vin(value)
    return keys.is_exclusive(key) and placeholders.is_id(value)


def _with_names(own: Sequence[str], spelled: Sequence[str]) -> Iterator[str]:
    """The keys; before each telephone number or address that many may share, the one that has the name as well."""
    name = next((key.split(":", 2)[2] for key in (*own, *spelled) if keys.is_bare_name(key)), None)
    for key in own:
        if name is not None and key.startswith(_SHARED):
            kind = keys.kind_of(key)
            yield f"{kind}+name:{key[len(kind) + 1 :]}:{name}"
        yield key

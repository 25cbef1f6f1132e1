"""Names as they are compared: `company_key` and `person_key`.

A company's key ignores case, blanks, punctuation, diacritics and the legal form at the end, so "ACME Manufacturing
Corp." and "Acme-Manufacturing Corporation" have one key. "Acme Trucking" has another. A person's key ignores case,
blanks, punctuation and diacritics.

`likeness` says which names may mean the same although their keys differ: "Acme Mfg Corp." and "Acme Manufacturing",
"Lee, Ann" and "Ann Lee", or a few letters that differ. Such names are candidates for a person to judge. They join
nothing.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

from apex_cli.extract import clean

_LIKE = 0.85
"""Share of equal letters from which two names may be one (`difflib`): "Lakeshore Haulage" and "Lake Shore Hauling"."""
_LONGEST = 200
_IN_WORD = re.compile(r"[.'’`´]")
_DIGITS = re.compile(r"[0-9]+")
# Letters that have no parts in Unicode, as people write them without their strokes.
_STROKES = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_APART = re.compile(r"[\W_]+")
_LEGAL_FORMS = frozenset(
    tuple(form.split())
    for form in (
        # United States and Canada
        *("inc", "incorporated", "corp", "corporation", "co", "company", "llc", "lc", "llp", "lllp", "lp", "pllc"),
        *("ltd", "limited", "ulc", "ltee", "limitee", "limited liability company", "limited partnership"),
        # Mexico, Spain and South America
        *("sa", "sa de cv", "sab", "sab de cv", "sapi", "sapi de cv", "s de rl", "s de rl de cv", "srl", "srl de cv"),
        *("s en c", "sl", "slu", "sau", "sac", "eirl", "ltda", "spa", "sas", "sas de cv", "de cv"),
        # Europe
        *("gmbh", "ggmbh", "mbh", "ag", "kg", "kgaa", "ohg", "ug", "ek", "ev", "se", "plc", "sarl", "snc", "sca"),
        *("bv", "nv", "vof", "sprl", "bvba", "ab", "as", "asa", "aps", "oy", "oyj", "sro", "doo", "kft", "zrt"),
        *("sp z oo", "spolka z oo", "lda", "unipessoal lda", "scrl", "ooo", "zao", "oao", "pao"),
        # Elsewhere
        *("pty", "pty ltd", "pte", "pte ltd", "pvt", "pvt ltd", "private limited", "sdn bhd", "bhd", "tbk", "kk"),
    )
)
_LONGEST_FORM = max(map(len, _LEGAL_FORMS))
# "GmbH & Co. KG" leaves this before the second form.
_JOINTS = frozenset(("and", "y", "et", "und"))
_SHORT_FORMS = (
    *(("mfg", "manufacturing"), ("manuf", "manufacturing"), ("intl", "international"), ("dist", "distribution")),
    *(("distr", "distribution"), ("bros", "brothers"), ("svcs", "services"), ("svc", "service"), ("frt", "freight")),
    *(("trans", "transport"), ("transp", "transportation"), ("trk", "trucking"), ("trkg", "trucking")),
    *(("log", "logistics"), ("whse", "warehouse"), ("ctr", "center"), ("centre", "center"), ("grp", "group")),
    *(("natl", "national"), ("assoc", "associates"), ("ind", "industries"), ("prods", "products"), ("st", "saint")),
)
"""Words of companies' names as people shorten them, the usual short form of each first."""
_COUNTED = frozenset(
    (
        *("carrier", "center", "container", "farm", "fixture", "food", "grocer", "grower", "line", "market", "mill"),
        *("mover", "paper", "part", "product", "producer", "service", "store", "supplier", "system", "tool"),
        *("transport", "warehouse", "work"),
    )
)
"""Last words of companies' names, which people write in either number: "Castle Home Centers"."""
_LONG_FORM = dict(_SHORT_FORMS)
_SHORT_FORM = {long: short for short, long in reversed(_SHORT_FORMS)}
_ABBREVIATIONS = {
    **_LONG_FORM,
    **dict.fromkeys(("trans", "transp", "transportation", "transit"), "transport"),
    **dict.fromkeys(("distributing", "distributors"), "distribution"),
    **dict.fromkeys(("svc", "svcs", "services"), "service"),
    **dict.fromkeys(("wrhs", "warehousing"), "warehouse"),
    **dict.fromkeys(("haul", "hauling"), "haulage"),
    **{"mfr": "manufacturer", "logis": "logistics", "lgstcs": "logistics", "inds": "industries", "exp": "express"},
    **{"indus": "industries", "prod": "products", "amer": "american"},
}
"""Words of companies' names that may mean the same, for `likeness`."""
_ARTICLES = frozenset(("the", "la", "el", "le", "les", "los", "las"))


@lru_cache(maxsize=8192)
def company_key(name: str) -> str:
    """The key of a company's name: "Star Line Transport, LLC" is `starlinetransport`. Never empty for a name."""
    return "".join(_without_legal_form(_words(name))) or _whole(name)


def company_keys(name: str) -> list[str]:
    """The keys that a company may have that a text calls so: its own, and those with the words of its kind written out,
    shortened, or the last one in the other number: "Castle Home Ctr" is `castlehomectr`, `castlehomecenter` and
    `castlehomecenters`.
    """
    own = company_key(name)
    words = _without_legal_form(_words(name))
    if len(words) == 1:
        return [own]
    long = [_LONG_FORM.get(word, word) for word in words]
    found = [own, "".join(long), "".join(_SHORT_FORM.get(word, word) for word in words)]
    last = long[-1]
    if last in _COUNTED or last[:-1] in _COUNTED:
        found.append("".join((*long[:-1], last[:-1] if last[:-1] in _COUNTED else f"{last}s")))
    return list(dict.fromkeys(found))


@lru_cache(maxsize=8192)
def person_key(name: str) -> str:
    """The key of a person's name: "José  Núñez" is `josenunez`. Never empty for a name."""
    return "".join(_words(name)) or _whole(name)


def likeness(one: str, other: str, *, company: bool) -> float:
    """How likely two names mean the same, although their keys may differ: 0 for not, up to 1. Numbers must be equal."""
    first, second = _spelled(one, company), _spelled(other, company)
    if not first or not second or _DIGITS.findall(one) != _DIGITS.findall(other):
        return 0.0
    if sorted(first) == sorted(second):
        return 1.0
    short, long = sorted((first, second), key=len)
    if company and len(short) > 1 and long[: len(short)] == short:
        return _LIKE
    matcher = SequenceMatcher(None, "".join(first)[:_LONGEST], "".join(second)[:_LONGEST], autojunk=False)
    if matcher.real_quick_ratio() < _LIKE or matcher.quick_ratio() < _LIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _LIKE else 0.0


def plain_letters(text: str) -> str:
    """A text in small letters without diacritics: "Montréal, QC" is `montreal, qc`, "Łódź" is `lodz`."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    # Twice: the parts of a character such as a raised "A" may have a case again.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_STROKES)


def _words(name: str) -> list[str]:
    """The words of a name in small letters without diacritics; single letters in a row are one: "J. B. Hunt"."""
    text = name[:_LONGEST]
    folded = plain_letters(text).replace("&", " and ")
    words: list[str] = []
    letters = ""
    for word in _APART.sub(" ", _IN_WORD.sub("", folded)).split():
        if len(word) == 1 and word.isalpha():
            letters += word
            continue
        if letters:
            words.append(letters)
            letters = ""
        words.append(word)
    return [*words, letters] if letters else words


def _without_legal_form(words: list[str]) -> list[str]:
    """Without the legal forms at its end; a name that is nothing else stays."""
    kept = list(words)
    while len(kept) > 1:
        size = next((size for size in range(_LONGEST_FORM, 0, -1) if tuple(kept[-size:]) in _LEGAL_FORMS), 0)
        if size == 0 or size >= len(kept):
            break
        del kept[-size:]
        if len(kept) > 1 and kept[-1] in _JOINTS:
            del kept[-1]
    return kept


def _spelled(name: str, company: bool) -> tuple[str, ...]:
    """The words of a name, a company's without legal form, articles and abbreviations."""
    words = _words(name)
    if company:
        words = [_ABBREVIATIONS.get(word, word) for word in _without_legal_form(words)]
        words = [word for word in words if word not in _ARTICLES] or words
    return tuple(words)


def _whole(name: str) -> str:
    """A name without any letter or digit as it is."""
    return clean.key_part(name).casefold()

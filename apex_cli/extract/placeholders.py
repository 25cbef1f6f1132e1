"""Values that stand for "there is none": they identify nothing, neither as a key nor as a name.

Systems fill fields that must not be empty: VIN "UNKNOWN", customer id 0, telephone 555-555-5555, driver "Unassigned".
Two records that have such a value in common have nothing in common. Each kind of value has its own placeholders:

- any value: words such as `N/A`, `TBD`, `none`, `unknown`, and values without a letter or digit (`-`, `?`)
- ids and numbers: zeros only, one character seven times or more (`9999999`), 1234567890, negative ones (`-1`)
- names: also words for no one in particular (`Various`, `Self`, `Unassigned`, `Cash Customer`)
- e-mail addresses: made-up ones (`test@test.com`, `none@none.com`); a mailbox that is not read (`noreply@`) is a
  sender, but no person
- telephone numbers: one digit repeated, 555-555-5555, 123-456-7890
- VINs: see `is_vin`
"""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 60
_NOT_ALNUM = re.compile(r"[\W_]+")
_NEGATIVE = re.compile(r"-\d{1,9}", re.ASCII)
_NOT_DIGIT = re.compile(r"\D")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}", re.ASCII)
_FEWEST_IN_VIN = 4
"""Different characters of a VIN: it has a manufacturer, a model, a year and a serial number."""
_ABSENT = frozenset(
    (
        *("na", "nan", "nil", "null", "none", "tbd", "tba", "tbc", "tbn", "undefined"),
        *("notavailable", "notapplicable", "notassigned", "notset", "notspecified", "notprovided"),
    )
)
_WORDS = _ABSENT | frozenset(
    (
        *("no", "unknown", "unkn", "unk", "notknown"),
        *("unspecified", "unassigned", "missing", "blank", "empty", "pending", "placeholder", "default", "dummy"),
        *("test", "testing", "sample", "example", "xx", "xxx", "xxxx", "xxxxx", "asdf", "novin", "noid", "noname"),
        *("tobedetermined", "tobeannounced", "tobeassigned", "tobeconfirmed", "seenotes", "seebelow", "asap"),
        # Spanish, French and German
        *("desconocido", "ninguno", "ninguna", "sinasignar", "pordefinir", "porconfirmar", "noaplica", "nd", "sn"),
        *("inconnu", "aucun", "aucune", "adeterminer", "unbekannt", "keine", "kein", "offen"),
    )
)
_NAMES = frozenset(
    (
        *("various", "self", "same", "misc", "miscellaneous", "other", "others", "any", "anyone", "noone", "someone"),
        *("multiple", "multi", "driver", "drivername", "nodriver", "teamdriver", "driver1", "driver2", "carrier"),
        *("customer", "customername", "carriername", "shipper", "consignee", "broker", "user", "admin", "system"),
        *("cashcustomer", "cash", "walkin", "walkincustomer", "housedriver", "houseaccount", "testcustomer"),
        *("testcarrier", "testdriver", "testuser", "newdriver", "newcustomer", "newcarrier", "unassigneddriver"),
        *("unknowndriver", "unknowncustomer", "unknowncarrier", "unknownuser", "customertbd", "carriertbd"),
        *("drivertbd", "tbddriver", "tbdcarrier", "tbdcustomer", "varios", "varias", "divers", "firstnamelastname"),
        *("firstlast", "johndoe", "janedoe", "fname", "lname", "name", "dispatch", "dispatcher", "nocarrier"),
    )
)
_UNREAD = frozenset(
    (
        *("noreply", "donotreply", "noresponse", "mailerdaemon", "postmaster", "notifications", "notification"),
        *("alerts", "automated", "autoreply", "bounce", "bounces"),
    )
)
_NO_MAILBOX = frozenset(
    ("none", "na", "test", "example", "unknown", "null", "noemail", "tbd", "dummy", "fake", "asdf", "no")
)
_NO_MAIL = re.compile(r"(?:test|none|noemail|na|fake|dummy|invalid|nomail|asdf|xxx|email)\.[a-z.]{2,10}|.*\.invalid")
_NUMBERS = frozenset(("1234567890", "0123456789", "123456789", "9876543210", "987654321"))
_PHONES = frozenset(("1234567890", "0123456789", "5555555555", "5551234567", "9876543210", "1231231234"))
_FEWEST_REPEATED = 7


def is_absent(text: str) -> bool:
    """Whether a value says that there is none of its kind, where "unknown" and "pending" may be words like others."""
    if len(text) > _LONGEST:
        return False
    squeezed = _squeezed(text)
    return not squeezed or squeezed in _ABSENT


def is_id(text: str) -> bool:
    """Whether an id or a number identifies nothing."""
    return len(text) <= _LONGEST and (_is_word(text) or _is_filler(text))


def is_name(text: str) -> bool:
    """Whether a name is no one's."""
    return len(text) <= _LONGEST and (_is_word(text) or _squeezed(text) in _NAMES or _is_filler(text))


def is_email(address: str) -> bool:
    """Whether an e-mail address is made up."""
    mailbox, _, domain = address.casefold().rpartition("@")
    return _squeezed(mailbox.partition("+")[0]) in _NO_MAILBOX or _NO_MAIL.fullmatch(domain) is not None


def is_unread(address: str) -> bool:
    """Whether an e-mail address only sends, so that it is no person."""
    return _squeezed(address.partition("@")[0].partition("+")[0]) in _UNREAD


def is_phone(text: str) -> bool:
    """Whether a telephone number is no one's. A country code of North America does not matter."""
    digits = _NOT_DIGIT.sub("", text)
    national = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    return len(set(national)) <= 1 or national in _PHONES


def is_vin(text: str) -> bool:
    """Whether a text has the form of a VIN (ISO 3779): 17 characters without I, O and Q, and not one repeated.

    Its check digit does not matter: only North America has one.
    """
    upper = text.upper()
    return (
        _VIN.fullmatch(upper) is not None
        and len(set(upper)) >= _FEWEST_IN_VIN
        and any(char.isdigit() for char in upper)
        and not upper.startswith(("UNKN", "TEST"))
        and upper not in ("12345678901234567", "1234567890ABCDEFG")
    )


@lru_cache(maxsize=8192)
def _squeezed(text: str) -> str:
    return _NOT_ALNUM.sub("", text.casefold())


def _is_word(text: str) -> bool:
    squeezed = _squeezed(text)
    return not squeezed or squeezed in _WORDS


def _is_filler(text: str) -> bool:
    squeezed = _squeezed(text)
    if squeezed in _NUMBERS or _NEGATIVE.fullmatch(text):
        return True
    if len(set(squeezed)) > 1 or not squeezed:
        return False
    return squeezed[0] == "0" or len(squeezed) >= _FEWEST_REPEATED

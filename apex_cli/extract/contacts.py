"""E-mail addresses and telephone numbers, alone and in running text.

A telephone number counts where Google's libphonenumber (phonenumberslite) has its range: placeholders such as
555-555-5555 would join people who have nothing to do with each other. A number without a country code is of the United
States and Canada.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apex_cli.extract import clean, fields
from apex_cli.extract.identifiers import IdentifierMatch

_DEFAULT_REGION = "US"
_NATIONAL_DIGITS = 10
_NOT_DIGIT = re.compile(r"\D")
_LONGEST_PHONE = 40
_ADDRESS = r"[A-Za-z0-9_][\w.+'-]{0,63}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
_EMAIL = re.compile(rf"(?<![\w.+'-]){_ADDRESS}", re.ASCII)
# "Message-ID: <1@example.com>", "References: <1@example.com> <2@example.com>", "[cid:image001.png@01DC.5A]".
_ID_LABEL = re.compile(r"(?:\b(?:message-?id|in-reply-to|references|content-id)[ \t]*:\s*<?|\b[cm]id:)$", re.IGNORECASE)
_BETWEEN_IDS = re.compile(r">?[\s,]{1,8}<")
_LONGEST_LABEL = 40
_ONLY_EMAIL = re.compile(_ADDRESS, re.ASCII)
# Commas inside of quotes belong to a name: "Lee, Bob" <bob@example.com>.
_ONE_OF_MANY = re.compile(r'(?:"[^"]{0,300}"|[^",;]){1,700}')
_NAMED = re.compile(r"(?P<name>[^<>]{0,300})<(?P<address>[^<>]{1,320})>")
_NORTH_AMERICAN = r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\)[ ]?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}"
_INTERNATIONAL = r"\+\d{1,3}(?:[ .-]?\d{2,4}){2,5}"
_LABELLED = r"(?:TEL|PHONE|CELL|MOBILE|CALL|TEXT)\.?[ :#]{0,3}(?P<value>[2-9]\d{9})"
_PHONE = re.compile(rf"(?<![\w.+-])(?:{_NORTH_AMERICAN}|{_INTERNATIONAL}|{_LABELLED})(?![\w-])", re.ASCII)
_ONLY_PHONE = re.compile(r"[+(]?[\d][\d ().-]{6,24}(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contact:
    """One person as a source names them, each part where it is known. `phone` as `phone` gives it."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None

    def describe(self) -> str:
        """Name, e-mail address and telephone number in one phrase: "Ann Lee (ann@example.com, +13125550142)"."""
        ways = [self.email, f"+{self.phone}" if self.phone else None]
        known = [way for way in ways if way]
        if self.name is None:
            return ", ".join(known)
        return f"{clean.line(self.name)} ({', '.join(known)})" if known else clean.line(self.name)


def from_fields(name: str | None, address: object, number: object) -> Contact:
    """A contact from fields of their own; what is no address or no telephone number is left out."""
    return Contact(name, email(address), phone(number))


def parse(value: object) -> Contact | None:
    """A contact from "Name <address>", an address, a telephone number, a name, or an object with such fields."""
    if isinstance(value, Mapping):
        return _from_object(value)
    text = fields.scalar(value)
    if text is None or len(text) > 700:
        return None
    named = _NAMED.fullmatch(text)
    if named is None:
        return _from_address(text)
    inside = _from_address(named["address"].strip())
    name = clean.line(named["name"].strip(" \"'")) or inside.name
    return Contact(name, inside.email, inside.phone)


def parse_all(value: object) -> list[Contact]:
    """The contacts of a list, or of one text with commas or semicolons between them."""
    if isinstance(value, str):
        value = _ONE_OF_MANY.findall(value[:20_000])
    return [contact for item in fields.items(value) if (contact := parse(item))]


def email(value: object) -> str | None:
    """The value as an address, lower case; None if it is none."""
    text = fields.scalar(value)
    return text.lower() if text and len(text) <= 320 and _ONLY_EMAIL.fullmatch(text) else None


def phone(value: object) -> str | None:
    """The value as a telephone number, digits with the country code; None if it is none."""
    text = fields.scalar(value)
    return _digits(text) if text and len(text) <= _LONGEST_PHONE and _ONLY_PHONE.fullmatch(text) else None


def find_emails(text: str) -> Iterator[IdentifierMatch]:
    """All e-mail addresses of a text. The ids of messages and of pictures in them only look like addresses."""
    if "@" in text:
        end_of_id = -1
        for match in _EMAIL.finditer(text):
            before = text[max(0, match.start() - _LONGEST_LABEL, end_of_id) : match.start()]
            if _ID_LABEL.search(before) or (end_of_id >= 0 and _BETWEEN_IDS.fullmatch(text, end_of_id, match.start())):
                end_of_id = match.end()
                continue
            end_of_id = -1
            yield IdentifierMatch("email", match[0].rstrip("-").lower(), match[0], match.start(), match.end())


def find_phones(upper: str) -> Iterator[IdentifierMatch]:
    """Telephone numbers of a text in capitals: North American ones, international ones with a plus, labelled ones."""
    for match in _PHONE.finditer(upper):
        written = match["value"] or match[0]
        digits = _digits(written)
        if digits:
            yield IdentifierMatch("phone", digits, written, match.start(), match.end())


def _from_object(value: Mapping[str, Any]) -> Contact | None:
    found = _from_address(fields.pick(value, "email", "handle", "address", "mail") or "")
    name = fields.pick(value, "name", "display_name", "displayName", "fullName")
    contact = Contact(name or found.name, found.email, phone(fields.pick(value, "phone", "mobile")) or found.phone)
    return contact if contact != Contact() else None


def _from_address(text: str) -> Contact:
    address, number = email(text), phone(text)
    return Contact(None if address or number else text or None, address, number)


@lru_cache(maxsize=4096)
def _digits(text: str) -> str | None:
    """E.164 (ITU-T) without the plus and without an extension; None for no valid number."""
    import phonenumbers

    # Some systems leave out the plus: "442079460958". Ten digits without it are always of the default region.
    international = [(f"+{text}", None)] if len(_NOT_DIGIT.sub("", text)) > _NATIONAL_DIGITS else []
    for written, region in ((text, _DEFAULT_REGION), *international):
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return None

"""What the sender of a message wrote: no markup, no quoted mail, no legal small print; what is forwarded stays.

A line is quoted mail only where several signs agree, for people write all of the single signs themselves:

| sign | alone it may be | a quote where |
|---|---|---|
| `> 10 pallets` | a list | an attribution stands before it, or it is the edge of a reply |
| `On load 4410 the receiver wrote:` | a sentence | it has a date or an address and `>` lines follow |
| the same without `>` lines | a sentence | it has an address (or: date, time and the subject of a reply) |
| `From: Fargo, ND` | a route | a sent date, a subject or a recipient, and an address or a subject follow |
| `-----Original Message-----` | nothing else | always |
| `<blockquote type="cite">` and the like | nothing else | always |

The subject decides whether such a tail is the history of a reply or what a forward forwards ("FW: rate"), or a line
such as "Forwarded message" does. A tail that nothing marks line by line is never cut where it is all that there is.

Quotes are found by expressions of our own and not by mail-parser-reply (1.36, MIT): see docs/adr/0005.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from apex_cli.extract import clean, cuts
from apex_cli.extract import mail_words as words
from apex_cli.extract.mail_html import Line, is_html, lines
from apex_cli.extract.mail_words import MailKind
from apex_cli.extract.small_print import without_small_print

_HEADER_LINES = 16
_WRAPPED_LINES = 3
_WRAPPED_AT = 60
_ATTRIBUTION_LINES = 3
_LONGEST_ATTRIBUTION = 400
_LONGEST_COVER = 120
_COURTESY_WORDS = 8


def own_text(body: str, subject: str = "", *, is_reply: bool = False) -> str:
    """The sender's own text of a body, HTML or plain.

    `is_reply` says that the message answers another one, for subjects that do not say so. Pure; the time is linear in
    the length of the body.
    """
    found = _lines(body)
    kind = words.kind_of(subject)
    if kind is MailKind.UNKNOWN and is_reply:
        kind = MailKind.REPLY
    kept = without_quotes(found, kind)
    cuts.quoted(sum(bool(line.text.strip()) for line in found) - sum(bool(text.strip()) for text in kept))
    return without_small_print("\n".join(kept).strip())


def visible_text(body: str) -> str:
    """The visible text of a body, HTML or plain, with what is quoted in it."""
    return "\n".join(line.text for line in _lines(body)).strip()


def _lines(body: str) -> list[Line]:
    return lines(body) if is_html(body) else [Line(text) for text in clean.prose(body, len(body)).split("\n")]


def without_quotes(lines: Sequence[Line], kind: MailKind) -> list[str]:
    """The lines without quoted mail; all lines of a forward."""
    if kind is MailKind.FORWARD:
        return [line.text for line in lines]
    return _Cutter(lines, kind).run()


class _Cutter:
    """Reads the lines of one message from the first to the last."""

    def __init__(self, lines: Sequence[Line], kind: MailKind) -> None:
        self._lines = lines
        self._is_reply = kind is MailKind.REPLY
        self._kept: list[str] = []
        self._quoting = False
        """Whether an attribution was seen: lines with ">" after it are quotes."""

    def run(self) -> list[str]:
        at = 0
        while at < len(self._lines):
            after = self._after_quote(at)
            if after == at:
                self._kept.extend(line.text for line in self._lines[at:])
                break
            if after is None:
                self._kept.append(self._lines[at].text)
            at = at + 1 if after is None else after
        return _without_edges(self._kept) if self._is_reply else self._kept

    def _after_quote(self, at: int) -> int | None:
        """The line after the quote that begins at this line; the line itself where forwarded mail begins, which stays.

        None where neither begins.
        """
        line = self._lines[at]
        if not line.quoted and not words.SIGN.search(line.text):
            return None
        if not (self._quoting and _is_angled(line)) and words.FORWARD_MARK.fullmatch(line.text):
            return at
        if line.quoted and line.text.strip():
            end = self._end(at, _is_marked)
            is_tail = end == len(self._lines) and self._is_old_mail(at)
            return at if is_tail and not self._may_cut_tail() else end
        if _is_angled(line):
            return self._after_angled(at)
        if self._is_old_mail(at):
            return len(self._lines) if self._may_cut_tail() else at
        length = self._attribution(at)
        return self._after_attribution(at, at + length) if length else None

    def _after_angled(self, at: int) -> int:
        """Lines that begin with ">": a quote where an attribution is before or among them, else the sender's."""
        end = self._end_of_angled(at) if self._quoting else self._end(at, _is_angled)
        if self._quoting:
            return end
        inside = [Line(line.text.lstrip("> \t")) for line in self._lines[at : min(end, at + _HEADER_LINES)]]
        quoted = _Cutter([line for line in inside if line.text], MailKind.REPLY)
        if quoted._lines and (quoted._is_old_mail(0) or quoted._attribution(0)):
            return end
        self._kept.extend(line.text for line in self._lines[at:end])
        return end

    def _after_attribution(self, at: int, end: int) -> int | None:
        """What may be an attribution is from line `at` to before `end`."""
        attribution = _joined(self._lines[at:end])
        first = self._first_text(end)
        if first == len(self._lines):
            return first if _is_attribution(attribution) else None
        has_verb = words.VERB.search(attribution) is not None
        if self._lines[first].quoted:
            return self._end(first, _is_marked) if has_verb or _is_attribution(attribution) else None
        if _is_angled(self._lines[first]) and (_is_attribution(attribution) or (has_verb and self._is_reply)):
            self._quoting = True
            after = self._end_of_angled(first)
            # An answer, an attribution, ">" lines, then only lines without: some programs mark no more than the first
            # paragraph of what they quote. Answers to it would have ">" lines between them, or nothing above.
            more = any(_is_angled(line) for line in self._lines[after:])
            return after if more or not _has_answer(self._kept) else len(self._lines)
        is_sure = _is_sure(attribution, self._is_reply)
        return len(self._lines) if is_sure and any(text.strip() for text in self._kept) else None

    def _may_cut_tail(self) -> bool:
        """Whether earlier mail that runs to the end is the history of a reply, and not what is forwarded."""
        own = "\n".join(self._kept).strip()
        is_cover = len(own) <= _LONGEST_COVER and words.FORWARDING.search(own) is not None
        return self._is_reply or (bool(own) and not is_cover)

    def _is_old_mail(self, at: int) -> bool:
        """Whether a mail with its headers begins at this line."""
        text = self._lines[at].text
        if words.SEPARATOR.fullmatch(text):
            return True
        return self._has_headers(self._first_text(at + 1) if words.RULE.fullmatch(text) else at)

    def _has_headers(self, at: int) -> bool:
        """Whether the headers of a mail stand here in lines of their own: From, a sent date, a recipient or a subject.

        Most programs begin with From. Where another one is first all four are needed.
        """
        first, _ = words.header(self._lines[at].text) if at < len(self._lines) else (None, "")
        if first is None:
            return False
        values: dict[str, str] = {}
        wrapped = 0
        for line in self._lines[at : at + _HEADER_LINES]:
            name, value = words.header(line.text)
            if name is not None:
                values.setdefault(name, value)
            elif line.text.strip():
                # Long lists of recipients are wrapped.
                wrapped += 1
                if wrapped > _WRAPPED_LINES:
                    break
        sender, sent = values.get("from"), values.get("date", "")
        if sender is None or not (words.YEAR.search(sent) or words.TIME.search(sent)):
            return False
        has_address = words.EMAIL.search(sender) is not None
        if first != "from":
            return has_address and "to" in values and "subject" in values
        return ("subject" in values and not words.PLACE.search(sender)) or ("to" in values and has_address)

    def _attribution(self, at: int) -> int:
        """The number of lines of what may be an attribution here; 0 for none.

        It ends in a colon, or stands between dashes, and may be wrapped.
        """
        first = self._lines[at].text
        for length in range(1, _ATTRIBUTION_LINES + 1):
            found = self._lines[at : at + length]
            if len(found) < length or not found[-1].text.strip():
                return 0
            if words.ends_attribution(found[-1].text):
                joined = _joined(found)
                has_signs = words.VERB.search(joined) or _is_attribution(joined)
                return length if has_signs and len(joined) <= _LONGEST_ATTRIBUTION else 0
            is_dated = words.INTRODUCTION.match(first) and words.YEAR.search(first)
            if not is_dated and not ("@" in first and words.EMAIL.search(first) and words.VERB.search(first)):
                return 0
        return 0

    def _end_of_angled(self, at: int) -> int:
        """The first line after lines with ">". A mail program that wraps them again leaves lines without between them.

        > Please confirm that the driver can be at the dock in Omaha on
        Tuesday
        > at 8.
        """
        while True:
            end = self._end(at, _is_angled)
            rest = [line.text.strip() for line in self._lines[end : end + 2]]
            before = self._lines[end - 1].text.rstrip()
            is_wrapped = (
                len(before) >= _WRAPPED_AT and before[-1:].isalnum() and len(rest) > 1 and rest[0][:1].islower()
            )
            if not is_wrapped or not _is_angled(self._lines[end + 1]):
                return end
            at = end + 1

    def _first_text(self, at: int) -> int:
        """The first line from `at` on that is not blank."""
        return self._end(at, lambda line: not line.text.strip())

    def _end(self, at: int, belongs: Callable[[Line], bool]) -> int:
        """The first line from `at` on that does not belong; the number of lines where all do."""
        return next(
            (place for place in range(at, len(self._lines)) if not belongs(self._lines[place])), len(self._lines)
        )


def _is_attribution(text: str) -> bool:
    """Whether a text has two signs of an attribution: a verb with an address or a date, or an address with a date."""
    is_dated = words.YEAR.search(text) is not None
    if words.VERB.search(text):
        return is_dated or words.EMAIL.search(text) is not None
    return is_dated and words.BRACKETED_EMAIL.search(text) is not None


def _is_sure(text: str, is_reply: bool) -> bool:
    """Whether an attribution has signs enough to stand before lines that nothing marks as quoted."""
    has_address, is_dated = words.EMAIL.search(text) is not None, words.YEAR.search(text) is not None
    if has_address and is_dated:
        return _is_attribution(text)
    has_time = words.TIME.search(text) is not None
    has_verb = words.VERB.search(text) is not None
    return is_reply and has_verb and ((is_dated and has_time) or words.BRACKETED_EMAIL.search(text) is not None)


def _has_answer(kept: Sequence[str]) -> bool:
    """Whether there is more than a greeting, thanks, or a hint at answers below."""
    texts = [text for text in kept if text.strip()]
    return any(len(text.split()) > _COURTESY_WORDS or not words.COURTESY.match(text) for text in texts)


def _without_edges(kept: list[str]) -> list[str]:
    """A reply without the ">" lines that it begins or ends with: programs that write no attribution quote like this.

    A list follows its introduction ("Loads:", then "> 4410"), or is all that there is.
    """
    texts = [place for place, text in enumerate(kept) if text.strip()]
    angled = {place for place in texts if kept[place].lstrip().startswith(">")}
    if not angled or len(angled) == len(texts):
        return kept
    if texts[0] in angled:
        return [text for place, text in enumerate(kept) if place not in angled]
    last = max(place for place in texts if place not in angled)
    is_apart = last + 1 < len(kept) and not kept[last + 1].strip()
    return kept if kept[last].rstrip().endswith(":") or not is_apart else kept[: last + 1]


def _joined(lines: Sequence[Line]) -> str:
    return " ".join(line.text.strip() for line in lines)


def _is_angled(line: Line) -> bool:
    """Whether a line begins with ">". Not ">From": so mailboxes write a sender's own "From"."""
    text = line.text.lstrip()
    return text.startswith(">") and not text.startswith(">From ")


def _is_marked(line: Line) -> bool:
    return line.quoted or not line.text.strip()

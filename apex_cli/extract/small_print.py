"""Legal small print of messages: sentences that no person wrote for this message.

A sentence is small print where it and its neighbours speak of the message itself and have at least two different legal
signs: a heading, "confidential", the intended recipient, what to do with mail received in error, a ban on disclosure.
Only these sentences go. One with an identifier in it stays, and so does "This rate is confidential.".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 1_200
_WRAPPED_AT = 60
_SIGNS = tuple(
    re.compile(expression, re.IGNORECASE)
    for expression in (
        # A heading.
        r"\b(?:confidentiality|legal|privacy|privilege|e-?mail)\s(?:notice|disclaimer|statement|warning|note)\b"
        r"|\bdisclaimer\b|\bhaftungsausschluss\b|\bvertraulichkeitshinweis\b|\bavis de confidentialité\b"
        r"|\baviso (?:legal|de confidencialidad|de confidencialidade)\b|\bavviso di riservatezza\b|\bnota legale\b"
        r"|\bklauzula poufności\b",
        # Confidential. The word alone is everyone's; beside "this message" it is a sign.
        r"\b(?:this|the)\s(?:information\s(?:contained\s)?in\sthis\s)?(?:e-?mail|message|communication|transmission|fax)\b"
        r".{0,200}\b(?:confidential|privileged|proprietary)\b|\bmay contain\b.{0,60}\b(?:confidential|privileged)\b"
        r"|\bdiese (?:e-?mail|nachricht)\b.{0,200}\bvertraulich|\b(?:ce|cet) (?:message|e-?mail|courriel)\b"
        r".{0,200}\bconfidentiel|\b(?:este|esta|o presente) (?:mensaje|correo|mensagem|e-?mail)\b.{0,200}\bconfidencia"
        r"|\b(?:questo|questa|il presente) (?:messaggio|e-?mail|comunicazione)\b.{0,200}\briservat"
        r"|\b(?:dit|deze) (?:e-?mail|bericht)\b.{0,200}\bvertrouwelijk|\b(?:ta|niniejsza) wiadomość\b.{0,200}\bpoufn",
        # The recipient.
        r"\b(?:intended|named|sole)\s(?:only\s|solely\s|exclusively\s)?(?:for\b|recipient|addressee)|\baddressee\b"
        r"|\b(?:bestimmungsgemäße|richtige|vorgesehene)[rn]?\s(?:adressat|empfänger)|\bnur für den\b.{0,40}\bempfänger"
        r"|\bdestinataire|\bdestinatari[oae]|\bdestinatário|\bgeadresseerde\b|\bbestemd voor\b|\badresat",
        # Received in error.
        r"\breceived\b.{0,60}\b(?:in error|by mistake|in mistake)\b|\bnotify (?:the sender|us)\b|\birrtümlich\b"
        r"|\bpar erreur\b"
        r"|\bpor error\b|\bper errore\b|\bpor (?:engano|erro)\b|\bper (?:vergissing|abuis)\b|\bomyłkow"
        r"|\b(?:delete|destroy)\b.{0,60}\b(?:e-?mail|message|copies|communication)\b|\bvernichten sie\b"
        r"|\blöschen sie\b",
        # Forbidden.
        r"\b(?:disclosure|dissemination|distribution|copying|review|retransmission|unauthori[sz]ed)\b.{0,200}"
        r"\b(?:prohibited|unlawful|forbidden|not permitted|not authorized)\b|\bnicht gestattet\b|\bunbefugte\b"
        r"|\bstrictement interdit|\b(?:estrictamente|terminantemente) (?:prohibid|proibid)|\bqueda prohibid"
        r"|\b(?:severamente|strettamente) vietat|\bverboden\b|\bzabronion",
    )
)
_THE_MESSAGE = re.compile(
    r"\b(?:this|diese[rs]?|ce|cet|cette|este|esta|o presente|questo|questa|il presente|dit|deze|ta|tej|niniejsza)\s"
    r"(?:e-?mail|mail|message|communication|transmission|fax|nachricht|courriel|mensaje|correo|mensagem|messaggio"
    r"|comunicazione|bericht|wiadomość|wiadomości)\b"
    r"|\breceived this\b|\b(?:confidentiality|privacy|privilege|e-?mail)\s(?:notice|disclaimer|statement)\b",
    re.IGNORECASE,
)
# One of these is in all small print: a cheap test that saves the search.
_NEEDLES = (
    "confiden", "privileg", "proprietary", "disclaim", "vertrau", "irrtüml", "adress", "addressee", "recipient",
    "destinat", "riservat", "vertrouw", "poufn", "legal notice", "in error", "haftung",
)  # fmt: skip
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]*]{0,3}[ \t]+(?=\S)|\n")
# Laws, addresses and telephone numbers of the sender are part of small print.
_OFFICIAL = re.compile(
    r"\b\d{1,3}\sU\.?S\.?C\.?[^.;]{0,40}|§{1,2}\s?[\d-]{1,12}|https?://\S{1,300}|\S{1,64}@\S{1,200}"
    r"|\+?\(?\d{1,4}\)?[ .-]\(?\d{2,4}\)?[ .-]\d{3,4}(?:[ .-]?\d{2,4})?",
    re.IGNORECASE,
)
_BLANK_LINES = re.compile(r"\n{3,}")
_IDENTIFIER = re.compile(r"\d{3}")


def without_small_print(text: str) -> str:
    """The text without legal small print; everything else stays as it is."""
    lower = text.lower()
    if not any(needle in lower for needle in _NEEDLES):
        return text
    sentences = _sentences(text)
    signs = [_signs(text[start:end]) for start, end in sentences]
    dropped: set[int] = set()
    run: list[int] = []
    for place in range(len(sentences) + 1):
        if place < len(sentences) and (signs[place] or not text[slice(*sentences[place])].strip()):
            run.append(place)
            continue
        if len(set().union(*(signs[one] for one in run))) > 1 and _is_about_mail(text, sentences, run):
            dropped.update(one for one in run if signs[one])
        run = []
    kept = "".join(text[start:end] for place, (start, end) in enumerate(sentences) if place not in dropped)
    return _BLANK_LINES.sub("\n\n", kept).strip() if dropped else text


def _is_about_mail(text: str, sentences: Sequence[tuple[int, int]], run: Sequence[int]) -> bool:
    """Whether one of these sentences speaks of the message: "El destinatario" alone is who gets the freight."""
    return any(_THE_MESSAGE.search(" ".join(text[slice(*sentences[one])].split())) for one in run)


def _sentences(text: str) -> list[tuple[int, int]]:
    """The spans of the sentences, with the space after them; they add up to the text.

    A line that is too short to have been wrapped ends a sentence.
    """
    spans = []
    start = line_start = 0
    for found in _SENTENCE_END.finditer(text):
        is_line_end = found[0] == "\n"
        line, line_start = text[line_start : found.start()], found.end() if is_line_end else line_start
        is_wrapped = is_line_end and len(line) >= _WRAPPED_AT and not line.rstrip().endswith((".", "!", "?"))
        if is_wrapped and not text[found.end() : found.end() + 80].lstrip(" \t").startswith("\n"):
            continue
        spans.append((start, found.end()))
        start = found.end()
    spans.append((start, len(text)))
    return spans


def _signs(sentence: str) -> set[int]:
    """Which legal signs a sentence has; none where it has an identifier, or is too long for one sentence."""
    if len(sentence) > _LONGEST or not sentence.strip():
        return set()
    if _IDENTIFIER.search(_OFFICIAL.sub("", sentence)):
        return set()
    plain = " ".join(sentence.split())
    return {number for number, sign in enumerate(_SIGNS) if sign.search(plain)}

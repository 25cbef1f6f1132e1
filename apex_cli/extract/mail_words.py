"""The words by which mail programs mark quoted and forwarded mail, in the languages that freight mail is written in.

From the message catalogues of Gmail, Outlook, Apple Mail and Thunderbird in English, German, French, Spanish, Italian,
Portuguese, Dutch and Polish; a few words of other languages. All expressions are linear: every repeat is bounded.
"""

from __future__ import annotations

import re
from enum import Enum

from apex_cli.extract import clean

_LONGEST_HEADER = 1_000
_LONGEST_LABEL = 40


class MailKind(Enum):
    """What a message does with the mail below its own text."""

    REPLY = "reply"
    FORWARD = "forward"
    UNKNOWN = "unknown"


_SUBJECT_PREFIX = re.compile(r"\s{0,8}(?:\[[^\]\n]{1,60}\]\s{0,4})?(\w{1,8})\.?(?:\s?[\[(]\d{1,3}[\])])?\s?[:\uff1a]")
_FORWARDS = frozenset(("fw", "fwd", "wg", "tr", "rv", "i", "enc", "pd", "doorst", "vb", "vl", "ilt", "转发", "轉寄"))
_REPLIES = frozenset(("re", "aw", "antw", "res", "r", "odp", "ref", "sv", "vs", "ynt", "rép", "rif", "回复", "回覆"))


def kind_of(subject: str) -> MailKind:
    """What the outermost prefix of a subject says: "RE: FW: rate" is a reply."""
    found = _SUBJECT_PREFIX.match(subject)
    prefix = found[1].casefold() if found else ""
    if prefix in _FORWARDS:
        return MailKind.FORWARD
    return MailKind.REPLY if prefix in _REPLIES else MailKind.UNKNOWN


def topic(subject: str) -> str:
    """A subject without its prefixes: "RE: FW: rate" is "rate"."""
    while kind_of(subject) is not MailKind.UNKNOWN:
        found = _SUBJECT_PREFIX.match(subject)
        assert found is not None
        subject = subject[found.end() :]
    return subject.strip()


def _any(words: str) -> str:
    """An expression for phrases that are separated by `|`; a blank may be any white space."""
    return "|".join(re.escape(clean.line(word)).replace(r"\ ", r"\s{1,3}") for word in words.split("|"))


SIGN = re.compile(r"[:>_\uff1a]|[-\u2013\u2014=*]{2}|\d{4}|\d[./-]\d")
"""What every line has that begins quoted or forwarded mail, if its markup does not say so: a cheap test."""
_RULE = r"[-\u2013\u2014_*=>\s]{0,60}"
FORWARD_MARK = re.compile(
    rf"{_RULE}(?:"
    + _any(
        "Forwarded message|Begin forwarded message|Forwarded by|Start of forwarded message|Weitergeleitete Nachricht"
        "|Anfang der weitergeleiteten Nachricht|Weitergeleitet von|Message transféré|Début du message transféré"
        "|Début du message réexpédié|Message transmis|Mensaje reenviado|Inicio del mensaje reenviado"
        "|Messaggio inoltrato|Inizio messaggio inoltrato|Messaggio inoltrato da|Mensagem encaminhada"
        "|Mensagem reencaminhada|Início da mensagem encaminhada|Início da mensagem reencaminhada|Doorgestuurd bericht"
        "|Begin doorgestuurd bericht|Wiadomość przekazana|Przekazana wiadomość|Wiadomość przekazana dalej"
        "|Początek przekazywanej wiadomości|Treść przekazanej wiadomości|Vidarebefordrat meddelande"
        "|Videresendt melding|Videresendt besked|Videresendt meddelelse"
    )
    + rf")(?:[^\n\w][^\n]{{0,100}})?:?{_RULE}",
    re.IGNORECASE,
)
"""A whole line that begins forwarded mail."""

SEPARATOR = re.compile(
    r"[\s>]{0,8}[-\u2013\u2014_*=]{2,60}\s{0,3}(?:"
    + _any(
        "Original Message|Original Appointment|Ursprüngliche Nachricht|Originalnachricht|Ursprünglicher Termin"
        "|Message d'origine|Message d\u2019origine|Message original|Mensaje original|Messaggio originale"
        "|Mensagem original"
        "|Oorspronkelijk bericht|Origineel bericht|Oryginalna wiadomość|Wiadomość oryginalna|Oprindelig meddelelse"
        "|Opprinnelig melding|Ursprungligt meddelande|Reply message|Replied Message"
    )
    + r")\s{0,3}[-\u2013\u2014_*=]{2,60}\s{0,8}",
    re.IGNORECASE,
)
"""A whole line that begins the mail that is answered."""

RULE = re.compile(r"[\s*]{0,8}[-\u2013\u2014_=]{5,300}[\s*]{0,8}")
"""A whole line that is a rule."""

_HEADERS = {
    "from": (
        "From|Von|De|Da|Van|Od|Från|Fra|Lähettäjä|Expéditeur|Remitente|Mittente|Remetente|Afzender|Nadawca"
        "|От|От кого|发件人|差出人"
    ),
    "date": (
        "Sent|Date|Gesendet|Datum|Gesendet am|Envoyé|Envoyé le|Enviado|Enviado el|Enviado em|Enviada"
        "|Enviada em|Fecha|Inviato|Inviato il|Data|Verzonden|Wysłano|Wysłane|Skickat|Sendt|Dato|Lähetetty"
        "|Date d'envoi|Sent at|Sent on|Отправлено|Дата|Odesláno|发送时间|日期|送信日時|日時"
    ),
    "to": (
        "To|An|À|A|Para|Aan|Do|Till|Til|Vastaanottaja|Destinataire|Destinatario|Destinatário|Empfänger|Кому"
        "|Komu|收件人|宛先"
    ),
    "subject": (
        "Subject|Betreff|Objet|Asunto|Oggetto|Assunto|Onderwerp|Temat|Ämne|Emne|Aihe|Sujet|Тема|Předmět|主题|件名"
    ),
    "copy": ("Cc|Bcc|Kopie|Copie|Copia|Cópia|DW|UDW|Importance|Wichtigkeit|Reply-To|Attachments|Anlagen|Priority"),
}
_HEADER_OF = {label.casefold(): name for name, labels in _HEADERS.items() for label in labels.split("|")}


def header(text: str) -> tuple[str | None, str]:
    """Name and value of a line of a mail's headers: "*Von:* Ana" is `("from", "Ana")`. No name for any other line."""
    label, colon, value = text[:_LONGEST_HEADER].replace("\uff1a", ":").partition(":")
    if not colon or len(label) > _LONGEST_LABEL:
        return None, ""
    name = _HEADER_OF.get(" ".join(label.strip("*_> \t\xa0").casefold().split()))
    return name, value.strip("* \t\xa0") if name else ""


VERB = re.compile(
    r"写道|작성|\b(?:"
    + _any(
        "wrote|writes|schrieb|schreibt|geschrieben|écrit|escribió|escribio|escribe|scritto|scrive|escreveu|schreef"
        "|geschreven|napisał|napisała|napisał(a)|pisze|skrev|kirjoitti|napsal|napsala|написал|yazdı|írta"
    )
    + r")(?=\W)",
    re.IGNORECASE,
)
"""The verb of "On Monday, Ana wrote:"."""
INTRODUCTION = re.compile(
    r"[\s>]{0,8}(?:On|Am|Le|El|Il|Il giorno|Em|No dia|Op|W dniu|Dnia|Den|Dne|\w{2,12}\.?,? |\d{1,4}[./-])",
    re.IGNORECASE,
)
_BETWEEN_DASHES = re.compile(r"[-\s]{2,12}\S.{0,300}\s-{2,12}\s{0,8}")


def ends_attribution(line: str) -> bool:
    """Whether a line ends in a colon, or is "---- On Monday Ana wrote ----"."""
    end = line.rstrip("*\xa0 \t")[-1:]
    return end in (":", "\uff1a") or (end == "-" and _BETWEEN_DASHES.fullmatch(line) is not None)


EMAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
BRACKETED_EMAIL = re.compile(rf"<\s?(?:mailto:)?{EMAIL.pattern}\s?>")
PLACE = re.compile(r",\s{0,3}[A-Z]{2}\.?(?:\s\d{5})?\s{0,8}$")
"""The end of "Fargo, ND"."""
YEAR = re.compile(
    r"(?<![\w-])(?:19|20)\d\d(?![\w-])|(?<![\w-])\d{1,4}[./-]\d{1,2}[./-]\d{2,4}(?![\w-])|(?:19|20)\d\d年"
)
"""A date with its year."""
TIME = re.compile(r"(?<![\w-])[0-2]?\d[:.h][0-5]\d(?![\w-])|(?<!\w)\d{1,2}\s?[ap]\.?m\b", re.IGNORECASE)

FORWARDING = re.compile(
    r"\b(?:"
    + _any(
        "fyi|forwarded|forwarding|fwd|see below|see attached|note below|zur Info|zur Kenntnis|z.K"
        "|siehe unten|s.u|weitergeleitet|pour info|pour information|ci-dessous|voir plus bas|transféré|je transfère"
        "|para su información|ver abajo|más abajo|reenvío|reenviado|per conoscenza|vedi sotto|qui sotto|inoltro"
        "|para informação|para conhecimento|veja abaixo|encaminho|ter info|ter informatie|zie onder|zie hieronder"
        "|doorgestuurd|do wiadomości|patrz poniżej|przesyłam|przekazuję"
    )
    + r")\b",
    re.IGNORECASE,
)
"""What a cover line says of forwarded mail."""
COURTESY = re.compile(
    r"\W{0,4}(?:"
    + _any(
        "hi|hello|hey|dear|good morning|good afternoon|thanks|thank you|see below|see inline|inline|answers|my answers"
        "|comments|please see|hallo|guten|liebe|lieber|sehr geehrte|danke|vielen Dank|siehe|antworten|bonjour|bonsoir"
        "|cher|chère|merci|voir|réponses|hola|buenos|buenas|estimado|estimada|gracias|ver|respuestas|ciao|buongiorno"
        "|gentile|grazie|vedi|risposte|olá|bom dia|boa tarde|prezado|obrigado|obrigada|respostas|beste|goedemorgen|dag"
        "|bedankt|zie|antwoorden|dzień dobry|cześć|dziękuję|dzięki|odpowiedzi"
    )
    + r")\b",
    re.IGNORECASE,
)
"""How a line begins that greets, thanks or points to answers below, and is no answer itself."""

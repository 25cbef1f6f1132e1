"""The sender's own text: what is cut as quoted mail or small print, and what looks like it and stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.extract.mail_words import MailKind, kind_of
from apex_cli.extract.message_text import own_text, visible_text
from tests.linear import assert_linear

CASES = Path(__file__).parent.parent / "cases"


def messages(case: str) -> dict[str, str]:
    lines = (CASES / case / "m.jsonl").read_text().splitlines()
    return {one["message_id"]: own_text(one["body"], one["subject"]) for one in map(json.loads, lines)}


def test_forwarded_mail_is_what_the_sender_sends() -> None:
    found = messages("forwarded_mail")
    assert "FW-10022" in found["M-2"]
    assert "MC 551200" in found["M-2"]
    assert "FW-10023" in found["M-3"]
    assert "PO 778812" in found["M-3"]


def test_what_only_looks_like_small_print_or_a_quote_stays() -> None:
    found = messages("own_words")
    assert found["S-1"].endswith("Omaha, NE. PO PO-44120.")
    assert found["S-4"].endswith("Load SP-1005 moves to Tuesday.")
    assert found["S-5"] == "Load SP-1006 delivered."
    assert found["S-6"].endswith("2 pallets short, PO PO-9911.")
    assert "SP-1008" in found["S-7"]
    assert found["S-7"].endswith("To: Omaha, NE")


def test_quotes_of_mail_programs_in_other_languages_go() -> None:
    found = messages("foreign_quotes")
    assert set(found.values()) == {
        "Ja, load QT-2001 kommt heute.",
        "Oui pour load QT-2002.",
        "Ok load QT-2003.",
        "Load QT-2004 ok.",
    }


ATTRIBUTIONS = [
    "On Wed, Mar 4, 2026 at 8:00 AM Hub Dispatch <hub@northyard.example> wrote:",
    "On Wed, Mar 4, 2026 at 8:00 AM Hub Dispatch\n<hub@northyard.example> wrote:",
    "On 3/4/2026 8:00 AM, Hub Dispatch wrote:",
    "On Mar 4, 2026, at 8:00 AM, Hub Dispatch <hub@northyard.example> wrote:",
    "Am 04.03.2026 um 08:00 schrieb Hub:",
    "Am Mi., 4. März 2026 um 08:00 Uhr schrieb Hub <hub@northyard.example>:",
    "Am 4. März 2026 um 08:00:00 MEZ hat Hub <hub@northyard.example> Folgendes geschrieben:",
    "Le 04/03/2026 à 08:00, Hub a écrit :",
    "Le mer. 4 mars 2026 à 08:00, Hub <hub@northyard.example> a écrit\xa0:",
    "El mié, 4 mar 2026 a las 8:00, Hub (<hub@northyard.example>) escribió:",
    "El 4/3/2026 a las 8:00, Hub escribió:",
    "Il giorno mer 4 mar 2026 alle ore 08:00 Hub <hub@northyard.example> ha scritto:",
    "Il 04/03/2026 08:00, Hub ha scritto:",
    "Em qua., 4 de mar. de 2026 às 08:00, Hub <hub@northyard.example> escreveu:",
    "Op wo 4 mrt 2026 om 08:00 schreef Hub <hub@northyard.example>:",
    "Op 04-03-2026 om 08:00 heeft Hub <hub@northyard.example> het volgende geschreven:",
    "W dniu 04.03.2026 o 08:00, Hub pisze:",
    "śr., 4 mar 2026 o 08:00 Hub <hub@northyard.example> napisał(a):",
    "Den ons 4 mars 2026 kl 08:00 skrev Hub <hub@northyard.example>:",
    "2026-03-04 8:00 GMT-06:00 Hub <hub@northyard.example>:",
    "Hub Dispatch <hub@northyard.example> schrieb am Mi., 4.\nMärz 2026, 08:00:",
    "Hub Dispatch <hub@northyard.example> kirjoitti 4.3.2026 kello 8.00:",
    "---- On Wed, 04 Mar 2026 08:00:50 -0600 hub@northyard.example wrote ----",
    "Hub <hub@northyard.example> 于2026年3月4日周三 08:00写道\uff1a",
]
HEADERS = [
    "From: Hub Dispatch <hub@northyard.example>\nSent: Wednesday, March 4, 2026 8:00 AM\nTo: Ana\nSubject: load",
    "*From:* Hub Dispatch\n*Sent:* Wednesday, March 4, 2026 8:00 AM\n*To:* Ana Brito\n*Subject:* load",
    "From: Hub <hub@northyard.example>\nDate: Wednesday, March 4, 2026 at 8:00 AM\nTo: Ana <ana@bluestem.example>",
    "Von: Hub <hub@northyard.example>\nGesendet: Mittwoch, 4. März 2026 08:00\nAn: Ana\nCc: Bo\nBetreff: Ladung",
    "De : Hub <hub@northyard.example>\nEnvoyé : mercredi 4 mars 2026 08:00\nÀ : Ana\nObjet : chargement",
    "De: Hub\nEnviado el: miércoles, 4 de marzo de 2026 8:00\nPara: Ana\nAsunto: carga",
    "Da: Hub <hub@northyard.example>\nInviato: mercoledì 4 marzo 2026 08:00\nA: Ana\nOggetto: carico",
    "De: Hub <hub@northyard.example>\nEnviada em: quarta-feira, 4 de março de 2026 08:00\nPara: Ana\nAssunto: carga",
    "Van: Hub <hub@northyard.example>\nVerzonden: woensdag 4 maart 2026 08:00\nAan: Ana\nOnderwerp: lading",
    "Od: Hub <hub@northyard.example>\nWysłano: środa, 4 marca 2026 08:00\nDo: Ana\nTemat: ładunek",
    "________________________________\nFrom: Hub\nSent: Wednesday, March 4, 2026 8:00 AM\nTo: Ana\nSubject: load",
    "-----Original Message-----\nFrom: Hub\nSent: Wednesday",
    "Date: Wed, 4 Mar 2026 08:00:45 -0600\nSubject: load\nFrom: hub@northyard.example\nTo: ana@bluestem.example",
    "From: Hub Dispatch\n<hub@northyard.example>\nSent: Wednesday, March 4, 2026 8:00 AM\nTo: Ana\nSubject: load",
    "От: Hub <hub@northyard.example>\nОтправлено: среда, 4 марта 2026 г. 8:00\nКому: Ana\nТема: x",
    "-----Ursprüngliche Nachricht-----\nVon: Hub",
    "-----Message d'origine-----\nDe : Hub",
    "-----Mensaje original-----\nDe: Hub",
    "-----Messaggio originale-----\nDa: Hub",
    "-----Mensagem original-----\nDe: Hub",
    "-----Oorspronkelijk bericht-----\nVan: Hub",
    "-----Oryginalna wiadomość-----\nOd: Hub",
]
MARKUP = [
    '<div class="gmail_quote"><div class="gmail_attr">On Wed, Mar 4, 2026 Hub wrote:</div><blockquote '
    'class="gmail_quote">load QT-9001?</blockquote></div>',
    '<div class="gmail_quote">On Wed, Mar 4, 2026 Hub wrote: load QT-9001?</div>',
    '<blockquote type="cite">On Wed, Mar 4, 2026 Hub wrote:<br>load QT-9001?</blockquote>',
    '<div class="moz-cite-prefix">Am 04.03.26 um 08:00 schrieb Hub:</div><blockquote type="cite">QT-9001</blockquote>',
    '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Von:</b> Hub &lt;hub@northyard.example&gt;<br>'
    "<b>Gesendet:</b> Mittwoch, 4. März 2026 08:00<br><b>An:</b> Ana<br><b>Betreff:</b> x</div><div>QT-9001</div>",
    '<div id="divRplyFwdMsg">Hub skrev</div><div>load QT-9001</div>',
    '<div style="border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Hub<br><b>Sent:</b> Wednesday, March 4, 2026 8:00 AM'
    "<br><b>To:</b> Ana<br><b>Subject:</b> x</p></div><p>load QT-9001</p>",
    '<div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Wednesday, Hub wrote:</div><div>load QT-9001</div></div>',
    '<blockquote class="front-blockquote">On Wed, Mar 4, 2026 &lt;<a href="mailto:a@b.example">a@b.example</a>&gt; Hub'
    " wrote:<br>load QT-9001</blockquote>",
    '<div class="protonmail_quote">On Wednesday Hub wrote:<blockquote class="protonmail_quote">'
    "QT-9001</blockquote></div>",
]
ANSWERS = ["Yes, load QT-2001 comes today.", "Oui.\n\nLoads:\n> 4410\n> 4411\n\nAna", "Hi Hub,\n\nok: 10 pallets > 9"]
REPLIES = ["RE: load", "Aw: load", "Re[2]: load", "SV: x", "[EXT] RE: load", "load"]


@pytest.mark.parametrize("subject", REPLIES)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_a_marked_quote_below_goes(attribution: str, answer: str, subject: str) -> None:
    assert own_text(f"{answer}\n\n{attribution}\n> load QT-9001?\n>\n> Hub\n", subject) == answer


@pytest.mark.parametrize("attribution", [one for one in ATTRIBUTIONS if "@" in one])
def test_a_quote_without_marks_below_goes(attribution: str) -> None:
    assert own_text(f"Yes.\n\n{attribution}\n\nload QT-9001?\n\nHub", "load") == "Yes."


@pytest.mark.parametrize("subject", REPLIES)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("header", HEADERS)
def test_old_mail_below_its_headers_goes(header: str, answer: str, subject: str) -> None:
    assert own_text(f"{answer}\n\n{header}\n\nLoad QT-9001 canceled", subject) == answer


@pytest.mark.parametrize("subject", REPLIES)
@pytest.mark.parametrize("markup", MARKUP)
def test_what_html_marks_as_quoted_goes(markup: str, subject: str) -> None:
    assert own_text(f"<div>Yes, QT-2001.</div><br>{markup}", subject) == "Yes, QT-2001."


FORWARD_MARKS = [
    "---------- Forwarded message ---------",
    "Begin forwarded message:",
    "-------- Weitergeleitete Nachricht --------",
    "---------- Message transféré ----------",
    "---------- Mensaje reenviado ----------",
    "-------- Messaggio inoltrato --------",
    "---------- Mensagem encaminhada ---------",
    "---------- Doorgestuurd bericht ----------",
    "---------- Przekazana wiadomość ----------",
]


@pytest.mark.parametrize("subject", ["load", "RE: load", ""])
@pytest.mark.parametrize("mark", FORWARD_MARKS)
def test_forwarded_mail_stays_by_its_mark(mark: str, subject: str) -> None:
    text = f"See this.\n\n{mark}\nFrom: Hub <hub@northyard.example>\nDate: March 4, 2026 8:00\nTo: Ana\n\nLoad FW-1."
    assert own_text(text, subject) == text


@pytest.mark.parametrize(
    "subject", ["FW: load", "Fwd: load", "WG: Ladung", "TR: x", "RV: carga", "I: carico", "ENC: x"]
)
@pytest.mark.parametrize("header", HEADERS)
def test_forwarded_mail_stays_by_the_subject(header: str, subject: str) -> None:
    text = f"FYI\n\n{header}\n\nLoad FW-1, MC 551200."
    assert own_text(text, subject) == text
    assert own_text(text.partition("\n\n")[2], subject) == text.partition("\n\n")[2]


@pytest.mark.parametrize(
    "cover", ["FYI", "See attached", "Please see the forwarded note.", "zur Info", "Ver abajo", "Pour info"]
)
def test_forwarded_mail_stays_by_the_cover_line(cover: str) -> None:
    text = f"{cover}\n\n{HEADERS[0]}\n\nLoad FW-1."
    assert own_text(text, "load") == text


def test_a_forward_in_html_stays() -> None:
    gmail = (
        '<div>fyi</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>'
        "From: Hub</div>Load FW-1<br><blockquote>older</blockquote></div>"
    )
    apple = '<div>see</div><blockquote type="cite"><div>Begin forwarded message:</div><div>Load FW-1</div></blockquote>'
    outlook = f"<div>see</div>{MARKUP[4]}".replace("QT-9001", "Load FW-1")
    assert "Load FW-1" in own_text(gmail, "Re: x")
    assert "Load FW-1" in own_text(apple, "x")
    assert "Load FW-1" in own_text(outlook, "WG: x")


def test_mail_that_is_nothing_but_old_mail_stays_unless_it_is_a_reply() -> None:
    assert own_text(f"{HEADERS[0]}\n\nLoad FW-1.", "load") == f"{HEADERS[0]}\n\nLoad FW-1."
    assert own_text(f"{HEADERS[0]}\n\nLoad QT-9001.", "RE: load") == ""


def test_a_forward_inside_of_a_quote_is_quoted() -> None:
    text = f"No.\n\n{ATTRIBUTIONS[0]}\n> ---------- Forwarded message ---------\n> Load QT-9001\n"
    html = f'No.<br>{ATTRIBUTIONS[0]}<blockquote type="cite">---------- Forwarded message -----<br>QT-9001</blockquote>'
    assert own_text(text, "Re: Fwd: load") == "No."
    assert own_text(html.replace("<hub@northyard.example>", "Hub"), "Re: Fwd: load") == "No."


def test_answers_between_quotes_stay() -> None:
    text = f"{ATTRIBUTIONS[0]}\n> Which load?\nQT-2001.\n> And the rate?\n$900.\n\nAna"
    assert own_text(text, "Re: load") == "QT-2001.\n$900.\n\nAna"
    assert own_text(f"Hi Hub,\n\n{ATTRIBUTIONS[0]}\n> Which load?\n\nQT-2001.", "Re: load") == "Hi Hub,\n\n\nQT-2001."
    html = (
        '<div class="gmail_quote">On Wed, Mar 4, 2026 Hub wrote:<blockquote class="gmail_quote">Which?</blockquote>'
        '<div>QT-2001.</div><blockquote class="gmail_quote">Rate?</blockquote><div>$900.</div></div>'
    )
    assert own_text(html, "Re: load") == "QT-2001.\n$900."


def test_lines_that_a_mail_program_wrapped_again_are_quoted() -> None:
    quote = "> Please confirm that the driver of QT-9001 can be at the dock in Omaha on\nmonday QT-9002\n> at eight."
    assert own_text(f"Yes.\n\n{ATTRIBUTIONS[0]}\n{quote}\n", "Re: load") == "Yes."
    answered = f"{ATTRIBUTIONS[0]}\n> Which load?\nthat is QT-2001\n> And the rate?\n$900."
    assert own_text(answered, "Re: load") == "that is QT-2001\n$900."


def test_lines_with_angles_at_the_edge_of_a_reply_are_quotes() -> None:
    assert own_text("> load QT-9001?\nYes, QT-2001.", "Re: load") == "Yes, QT-2001."
    assert own_text("Yes, QT-2001.\n\n> load QT-9001?\n> Hub", "Re: load") == "Yes, QT-2001."
    assert own_text("> SP-1001\n> SP-1002", "Re: loads") == "> SP-1001\n> SP-1002"
    assert own_text("Yes.\n> On Sun, Oct 19, 2025 Priya wrote:\n> ETA?", "load") == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "> 10 pallets of PO-1\n> 3 skids of PO-2",
        "Loads for today:\n\n> SP-1001 at 8\n> SP-1002 at 9\n\nThanks",
        "On load 123 wrote:\nshort 2 pallets",
        "On load SP-1007 the driver wrote:\n> 2 pallets short\n> PO-9911",
        "On Monday the receiver wrote:\n2 short",
        "The consignee wrote to hub@northyard.example:\nSP-1007 is short.",
        "From: Fargo, ND\nTo: Omaha, NE\nDate: March 5, 2026\nLoad SP-1008",
        "From: Fargo, ND\nSent: March 5, 2026 8:00\nTo: Omaha, NE\nSubject: load SP-1008",
        "De: Laredo, TX\nPara: Dallas, TX\nFecha: 2026-03-05",
        "Rates\n-----\nSP-1001 $900\n=====\nSP-1002 $950",
        "__________________\nSigned: Ana, load SP-1001",
        "Important:\nload SP-1001 has a new gate code.",
        "Important notice: dock 4 is closed. SP-1001 goes to dock 5.",
        "Disclaimer: load SP-1001 is oversize.",
        "This rate is confidential. SP-1001 at $1850.",
        "This message is for the driver of SP-1001 only: gate 4.",
        "If you are not the intended driver for load SP-1001, call us.",
        "El destinatario recibió dos tarimas por error.",
        "Please notify us if the addressee refuses the freight.",
        "Le destinataire a été livré par erreur.",
        "Privileged customers: copying of seals is prohibited.",
        "Legal weight is 80,000 lb for SP-1001.",
        "Thanks\n--\nAna Brito\nBluestem, MC 551200",
        "Privacy fence at the gate.\nSP-1001 must use gate 2.",
        "weight < 400 and height > 20",
        "Ana <a@bluestem.example> and Bo <b@bluestem.example> drive SP-1001",
        ">From Omaha we can send truck 880.",
    ],
)
@pytest.mark.parametrize("subject", ["load", "", "FW: load"])
def test_the_senders_own_words_stay(text: str, subject: str) -> None:
    assert own_text(text, subject) == text


NOTICES = [
    "Confidentiality notice: this e-mail is for the addressee only.",
    "CONFIDENTIALITY NOTICE\nThis message may contain confidential information. If you received this message in error,"
    " please notify the sender and delete it.",
    "This e-mail is confidential and intended solely for the addressee.",
    "Any unauthorized disclosure is prohibited. If you received this in error, call (312) 555-0144.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind oder diese E-Mail"
    " irrtümlich erhalten haben, vernichten Sie sie.",
    "Ce message est confidentiel et réservé à son destinataire. Si vous l'avez reçu par erreur, détruisez-le.",
    "Este mensaje es confidencial. Si lo recibió por error, avise al destinatario.",
    "Questo messaggio è riservato al destinatario.",
    "Esta mensagem é confidencial. Se a recebeu por engano, apague-a.",
    "Dit bericht is vertrouwelijk en bestemd voor de geadresseerde.",
    "Ta wiadomość jest poufna. Jeśli otrzymano ją omyłkowo, proszę powiadomić: adresat.",
]


@pytest.mark.parametrize("notice", NOTICES)
def test_small_print_loses_only_itself(notice: str) -> None:
    assert own_text(f"Load SP-1006 delivered.\n\n{notice}") == "Load SP-1006 delivered."
    kept = own_text(f"Load SP-1006 delivered.\n\n{notice}\n\nPS: load SP-1009 moves to Tuesday.")
    assert own_text(f"{notice}\nLoad SP-1010 is late.").endswith("Load SP-1010 is late.")
    assert kept == "Load SP-1006 delivered.\n\nPS: load SP-1009 moves to Tuesday."


def test_a_notice_that_is_wrapped_goes_whole() -> None:
    wrapped = (
        "This e-mail and its attachments are confidential and are intended only for the\n"
        "use of the intended recipient. If you have received this e-mail in error you are\n"
        "hereby notified that any disclosure or copying of it is strictly prohibited.\n"
    )
    assert own_text(f"SP-1006 is late.\n\n{wrapped}\nAna") == "SP-1006 is late.\n\nAna"


def test_visible_text_of_html() -> None:
    html = (
        "<html><head><title>x</title></head><body><p>Load&nbsp;SP&#45;1 &amp; SP-2</p><p style='display:none'>no</p>"
        "<table><tr><td>PO</td><td>PO-1</td></tr></table><style>p{}</style>5 < 6<br>end</body></html>"
    )
    assert visible_text(html) == "Load SP-1 & SP-2\n\nPO PO-1\n5 < 6\nend"


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("RE: FW: x", MailKind.REPLY),
        ("FW: RE: x", MailKind.FORWARD),
        ("fwd: x", MailKind.FORWARD),
        ("Antw: x", MailKind.REPLY),
        ("Odp: x", MailKind.REPLY),
        ("Load: late", MailKind.UNKNOWN),
        ("", MailKind.UNKNOWN),
        ("Reefer 12: warm", MailKind.UNKNOWN),
    ],
)
def test_the_outermost_prefix_of_a_subject_decides(subject: str, kind: MailKind) -> None:
    assert kind_of(subject) is kind


plain_lines = st.text(
    st.characters(codec="utf-8", exclude_characters="<>&:\uff1a", exclude_categories=["C", "Z"]), max_size=30
)
words = st.lists(plain_lines.map(lambda line: f"{line} ok"), min_size=1, max_size=6)


@given(words, st.sampled_from([*REPLIES, "FW: x"]))
def test_text_without_any_sign_of_a_quote_is_never_shortened(lines: list[str], subject: str) -> None:
    text = visible_text("\n".join(lines))
    assert own_text(text, subject) == text


@given(words, st.sampled_from(REPLIES), st.sampled_from(ATTRIBUTIONS), words)
def test_a_quoted_reply_below_never_changes_the_senders_text(
    lines: list[str], subject: str, attribution: str, quoted: list[str]
) -> None:
    text = "\n".join(lines)
    quote = "\n".join(f"> {line}" for line in quoted)
    assert own_text(f"{text}\n\n{attribution}\n{quote}\n", subject) == own_text(text, subject)


@given(words, st.sampled_from(REPLIES), st.sampled_from(HEADERS), words)
def test_old_mail_below_never_changes_the_senders_text(
    lines: list[str], subject: str, header: str, quoted: list[str]
) -> None:
    text = "\n".join(lines)
    assert own_text(f"{text}\n\n{header}\n\n" + "\n".join(quoted), subject) == own_text(text, subject)


@given(st.text(st.sampled_from("<>/pdivbr \"'=&#;-\n>:@1FromSentwrote"), max_size=300), st.sampled_from(REPLIES))
def test_any_text_is_read(text: str, subject: str) -> None:
    own_text(text, subject)


@pytest.mark.parametrize(
    "piece",
    ["On ", "On \n", "\n", "> \n", "From: x\n", "-----\n\n", "a:\n", "a@", "<p ", '<p "', "<", "<div>", "&#9", "<!--",
     "<div class=gmail_quote>x", "2026 a@b.c wrote:\n> x\n", "this message is ", "received ", "<td>", "wrote "],
)  # fmt: skip
def test_hostile_text_takes_linear_time(piece: str) -> None:
    assert_linear(lambda size: own_text(piece * (size // len(piece)) + "<br>addressee", "Re: x"), 20_000)

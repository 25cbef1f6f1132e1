"""The words of labels on freight papers, in English, Spanish and French: phrases by kind, marks of numbers, verbs.

All words are folded (`labels.fold`): capitals without accents; "P.O." is PO and "pick-up" is PICK UP.
"""

from __future__ import annotations

from enum import IntEnum


class Need(IntEnum):
    """What a label needs beside it before a number counts: the higher, the more the word has other meanings."""

    NOTHING = 0
    """The label alone: "PO 4410"."""
    LONG_VALUE = 1
    """A mark, or a value of six characters: "booking 7734812"."""
    MIXED = 2
    """A value of letters and digits: "the reference is SR-2091", for "the order is 4410" may be an amount."""
    MARK = 3
    """A colon, a number sign, a cell or a column of its own: "Folio: 4410"."""
    NUMBER = 4
    """A number sign or a word for number: "Pickup # 5512", not "Pickup: 60608"."""


_NOTHING, _LONG, _, _MARK, _NUMBER = Need
_PHRASES: tuple[tuple[str, Need, str], ...] = (
    ("order", _NOTHING, "PO, P/O, P O, PURCHASE ORDER, CUSTOMER PO, ORDEN DE COMPRA, OC, O/C, BON DE COMMANDE"),
    ("order", _NOTHING, "ORDENES DE COMPRA, BONS DE COMMANDE"),
    ("order", _LONG, "ORDER, ORD, SALES ORDER, CUSTOMER ORDER, ORDEN, PEDIDO, COMMANDE, DELIVERY ORDER"),
    ("order", _NUMBER, "SO, BC"),
    (
        "bol",
        _NOTHING,
        "BOL, BO/L, B/OL, B/O/L, B/L, BL, BILL OF LADING, BILLS OF LADING, BILL LADING, MBL, HBL, LADING",
    ),
    ("bol", _NOTHING, "CONOCIMIENTO DE EMBARQUE, CONOCIMIENTO, CONOCIMIENTOS DE EMBARQUE, CARTA PORTE, CARTA DE PORTE"),
    ("bol", _NOTHING, "CARTAS PORTE, CONNAISSEMENT, LETTRE DE VOITURE, LETTRES DE VOITURE, CMR"),
    ("bol", _MARK, "GUIA, WAYBILL, REF BM"),
    ("pro", _NOTHING, "PRO, FREIGHT BILL"),
    ("invoice", _NOTHING, "INV, INVOICE, FACTURA, FACTURA COMERCIAL, FACTURE, FACTURE COMMERCIALE"),
    ("invoice", _NOTHING, "FACTURE DOUANIERE, FACTURA ADUANAL"),
    ("invoice", _MARK, "FACT"),
    ("seal", _NOTHING, "SEAL, SELLO, SELLO FISCAL, CANDADO, PRECINTO, SCELLE, PLOMB"),
    ("trailer", _NOTHING, "TRAILER, TRL, TLR, TRLR, REMOLQUE, SEMIRREMOLQUE, SEMI REMOLQUE, REMORQUE, SEMI REMORQUE"),
    ("trailer", _NOTHING, "CHASSIS, CAJA"),
    ("trailer", _MARK, "VAN, REEFER"),
    ("trailer", _NUMBER, "TL"),
    ("unit number", _NOTHING, "TRUCK, TRACTOR, VEHICLE, UNIT, TRK, POWER UNIT, CAMION, TRACTOCAMION, TRACTO, UNIDAD"),
    ("unit number", _NOTHING, "TRACTEUR, VEHICULO, VEHICULE, UNITE"),
    ("unit number", _MARK, "ECONOMICO"),
    ("shipment", _NOTHING, "LOAD, SHIPMENT, SHPMT, SHPT, TRIP, LD, EMBARQUE, CHARGEMENT, EXPEDITION"),
    ("shipment", _LONG, "TENDER, CARGA, VIAJE, ENVIO"),
    ("shipment", _NUMBER, "DISPATCH, MOVE, FLETE"),
    ("reference", _LONG, "REF, REFERENCE, REFERENCIA"),
    ("reference", _MARK, "FOLIO, TRACKING, DOSSIER"),
    ("reference", _NUMBER, "DELIVERY, DEL, DROP, ENTREGA, LIVRAISON, SID, CID, DO, D/O"),
    ("pickup", _NOTHING, "PICKUP NUMBER, PICK UP NUMBER"),
    ("pickup", _LONG, "PU, P/U"),
    ("pickup", _NUMBER, "PICKUP, PICK UP, PICK, RECOLECCION, RECOGIDA, RAMASSAGE, CUEILLETTE, ENLEVEMENT"),
    ("release", _LONG, "RELEASE, REL, LIBERACION, LIBERATION"),
    ("confirmation", _LONG, "CONF, CONFIRMATION, CONFIRMACION, APPT CONF, APPT CONFIRMATION, APPOINTMENT CONFIRMATION"),
    ("confirmation", _LONG, "RATE CONFIRMATION, RATE CON, RATECON, LOAD CONFIRMATION, CARRIER CONFIRMATION"),
    ("confirmation", _NUMBER, "APPT, APPOINTMENT, CITA"),
    ("booking", _LONG, "BOOKING, BKG, RESERVA, RESERVATION"),
    ("claim", _NOTHING, "CLAIM, CLM, RECLAMO, RECLAMACION, RECLAMATION"),
    ("receipt", _NOTHING, "RECEIPT, LUMPER RECEIPT, RECIBO, RECU, RECIBO DE DESCARGA"),
    ("receipt", _NUMBER, "SCALE TICKET, WEIGHT TICKET, TICKET, LUMPER, BOLETA"),
    (
        "check",
        _NOTHING,
        "COMCHEK, COMCHECK, COM CHECK, COMDATA, EFS, T CHEK, TCHEK, EXPRESS CODE, MONEY CODE, EFS CODE",
    ),
    ("check", _NOTHING, "COMCHEK CODE, COMCHECK CODE, FLEET CHECK"),
    ("check", _NUMBER, "CHECK, CHEQUE"),
    ("routing", _NOTHING, "ABA, ABA ROUTING, ROUTING, BANK ROUTING, ABA/ROUTING, ROUTING/ABA, RTN"),
    ("pars", _NOTHING, "PARS, CCN, ACI, CARGO CONTROL"),
    ("paps", _NOTHING, "PAPS, ACE, SCN, ACE SCN"),
    ("entry", _NOTHING, "ENTRY, CBP ENTRY, CUSTOMS ENTRY, CBP, ENTRY SUMMARY"),
    ("pedimento", _NOTHING, "PEDIMENTO"),
    ("mc", _NOTHING, "MC, ICC MC, MOTOR CARRIER"),
    ("dot", _NOTHING, "DOT, USDOT, US DOT"),
    ("mx", _NUMBER, "MX"),
    ("ff", _NUMBER, "FF"),
    ("scac", _NOTHING, "SCAC, SCAC CODE"),
    ("imo", _NOTHING, "IMO"),
    ("awb", _NOTHING, "AWB, AIR WAYBILL, MAWB, HAWB"),
    ("sscc", _NOTHING, "SSCC, SSCC 18"),
)
PHRASES = {phrase: (kind, need) for kind, need, phrases in _PHRASES for phrase in phrases.split(", ")}
MOST_WORDS = max(phrase.count(" ") for phrase in PHRASES) + 1


def word_set(words: str) -> frozenset[str]:
    """The words of a text, for looking them up."""
    return frozenset(words.split())


ABBREVIATED = word_set("PO OC BOL BL INV FACT TRL TLR TRLR TRK LD REF PU CONF BKG REL ORD DEL APPT MC DOT BC RTN")
"""A dot behind these is no end of a sentence: "Ref. 55120"."""
GLUED = word_set(
    """
    PO BOL PRO INV INVOICE TRL LOAD PU CLM MC DOT USDOT IMO RATECON SEAL TRAILER AWB PARS PAPS MX FF PICKUP SHIPMENT
    REF CONF
    """
)
"""These are written together with their value too: PO4410, PO-4410."""
NO_PLURAL = word_set("FACT UNIT UNITE EFS CAJA ABA CMR CBP ACE")
"""Labels in the singular only: "units 1200" counts something."""
PLURALS = word_set("ORDENES BONS BILLS CONOCIMIENTOS CARTAS LETTRES")
"""First words of phrases in the plural."""
WHOSE = word_set(
    """
    CARRIER CARRIER'S CARRIERS SHIPPER SHIPPER'S CONSIGNEE CUSTOMER CUSTOMER'S CUST BROKER OUR YOUR THE MASTER HOUSE
    VICS ORIGIN VENDOR BUYER'S NUESTRA NOTRE VOTRE SU LUMPER CARGO DRIVER ORIGINAL NEW UNIFORM STRAIGHT COMMERCIAL
    EQUIPMENT
    """
)
"""Before a label, whose it is: "Carrier's PRO", "our PO number"."""
MARKS = word_set("# NO NOS NUMBER NUMBERS NUM NUMS NBR ID IDS NRO NUMERO NUMEROS N° Nº")
PLURAL_MARKS = word_set("S NOS NUMBERS NUMS IDS NUMEROS")
MARKS_BEFORE = word_set("# NO NOS NUM NUMERO NUMEROS NRO N° Nº")
"""Marks that stand before their label: "Nº de remolque"."""
SURE_MARKS_BEFORE = word_set("N° Nº")
"""Those that need no "de" behind: "Nº remolque", for "no trailer" is no label."""
OF = word_set("DE DEL DU DES LA D L")
VERBS = word_set("IS ARE WAS WERE BE READ READS MATCH ES SON EST SONT SERA")
"""Between a label and its value: "the PO number is 4410"."""
MODALS = word_set("WILL SHOULD MUST SHALL CAN TO")

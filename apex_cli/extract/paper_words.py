"""The words of freight papers for amounts, dates, stops and kinds: English, Spanish and French, without diacritics.

Each list is split at semicolons. A word in brackets may be missing: "fuel [surcharge]".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


def _lists(table: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {
        name: tuple(" ".join(one.split()) for one in words.split(";") if one.strip()) for name, words in table.items()
    }


def spellings(phrase: str) -> tuple[str, ...]:
    """A phrase with and without its word in brackets."""
    if "[" not in phrase:
        return (phrase,)
    return (" ".join(re.sub(r"[\[\]]", "", phrase).split()), " ".join(re.sub(r"\[[^\]]*\]", "", phrase).split()))


def joined(phrase: str) -> str:
    """A phrase without blanks and hyphens: "line-haul" and "line haul" are one."""
    return phrase.replace(" ", "").replace("-", "")


def all_of(*tables: Mapping[str, Iterable[str]]) -> list[str]:
    """All phrases of these tables."""
    return [phrase for table in tables for phrases in table.values() for phrase in phrases]


def expression(phrases: Iterable[str]) -> str:
    """A regular expression for any of these phrases in a folded text (`clean.folded`), the longest first.

    Between two words there may be a blank, a hyphen, or nothing.
    """
    every = sorted({spelled for phrase in phrases for spelled in spellings(phrase)}, key=lambda one: (-len(one), one))
    return "|".join(r"[ -]?".join(map(re.escape, spelled.split())) for spelled in every)


AMOUNTS = _lists({
    "total_amount": """
        amount due; total amount due; amount payable; balance due; total due; grand total; invoice total;
        invoice amount; total amount; total charge; total charges; total payable; total invoice; please pay;
        [please] pay this amount; please remit;
        total a pagar; total general; importe total; saldo a pagar; total facture; montant total; montant du;
        montant a payer; total a payer; total ttc; net a payer""",
    "rate": """
        [total] carrier pay; [total] carrier rate; carrier cost; agreed rate; agreed amount; flat rate;
        [total] truck pay; total pay; carrier total; total carrier; all in rate; all in; total rate;
        rate total; rate; tarifa [total]; tarif [total]; taux""",
    "line_haul_rate": """
        line haul [rate]; line haul charge; line haul charges; base rate; freight charge; freight charges;
        flete [base]; fret [de base]""",
    "fuel_surcharge": """
        fuel [surcharge]; fuel sc; fsc; recargo de combustible; recargo por combustible; combustible;
        surcharge [de] carburant; carburant""",
    "lumper_charge": """
        lumper; lumper fee; lumper fees; lumper charge; lumper charges; unloading; unloading fee;
        unloading charge; maniobras; dechargement""",
    "detention_charge": """
        detention; detention due; total detention; detention amount; detention fee; detention charge;
        detention charges; detention total; demora; demoras;
        estadia; estadias; frais d'attente""",
    "layover_charge": "layover; layover fee; layover charge",
    "tonu_charge": "tonu; truck order not used; truck ordered not used; truck not used",
    "stop_charge": "[extra] stop fee; [extra] stop charge; stop off fee; stop off charge; stop pay",
    "accessorial_charge": """
        accessorial; accessorials; accessorial charges; accessorial total; accesorios; frais accessoires""",
    "subtotal_amount": "sub total; sous total",
    "tax_amount": "tax; taxes; sales tax; iva; gst; hst; tps; tvq; tva",
    "paid_amount": "amount paid; total paid; payment received; importe pagado; montant paye",
    "claim_amount": """
        [total] claim amount; amount of claim; [total] amount claimed; total claimed; total claim;
        importe reclamado; montant reclame""",
    "goods_value": """
        declared value; cargo value; goods value; commercial value; valor declarado; valeur declaree""",
})  # fmt: skip
TOTALS = _lists({"total": "total", "amount": "amount; due; importe; monto; montant"})
"""What stands for the total where nothing of `total_amount` does, the first that there is."""
COLUMNS = (
    *("amount", "line amount", "total", "line total", "charge", "charges", "extended", "price"),
    *("importe", "monto", "montant"),
)
"""Heads of the column of a table that has the amounts."""
DATES = _lists({
    "due_date": """
        due; due date; due on; due by; due no later than; payable by; payable before; payable on; payment due;
        payment due date; payment due by; pay by; payment by;
        date due; vence; vence el; vencimiento; fecha [de] vencimiento; fecha limite; echeance;
        date d'echeance; payable le; payable avant le""",
    "invoice_date": """
        invoice date; billing date; bill date; fecha [de] factura; fecha de la factura; date [de] facture;
        date de la facture""",
})  # fmt: skip
STOPS = _lists({
    "pickup": """
        pick up; pick ups; pick; picks; picks up; picking up; pu; p/u; loading; load at; load date; ship date;
        shipping date; origin; shipper;
        recoleccion; recogida; carga; ramassage; enlevement; chargement; cueillette""",
    "delivery": """
        delivery; deliveries; deliver; delivers; delivering; del; drop; drops; drop off; unloading; consignee;
        destination; receiver;
        entrega; descarga; livraison; dechargement""",
})  # fmt: skip
KINDS = _lists({
    "rate confirmation": """
        [carrier] rate confirmation; [carrier] load confirmation; carrier confirmation;
        rate and load confirmation; rate & load confirmation; carrier rate and load confirmation;
        load and rate confirmation; load & rate confirmation; confirmation of rate; truck confirmation;
        [carrier] rate agreement; truckload rate agreement; rate and load agreement; rate & load agreement;
        dispatch confirmation; confirmation of load; shipment confirmation; carrier shipment confirmation;
        carrier rate & load confirmation; truckload rate confirmation; freight rate confirmation;
        load rate confirmation; rate con; rate confirmation sheet; rate confirmation agreement;
        load tender confirmation; tender confirmation; carrier load tender confirmation;
        confirmacion [de] tarifa; confirmacion [de] carga; confirmation [de] tarif; confirmation [de] taux;
        confirmation de chargement""",
    "proof of delivery": """
        proof of delivery; delivery receipt; delivery confirmation; pod; p.o.d.; prueba de entrega;
        comprobante de entrega; acuse de entrega; preuve de livraison; bon de livraison""",
    "bill of lading": """
        bill of lading; bills of lading; straight bill of lading; uniform straight bill of lading;
        uniform bill of lading; original bill of lading; short form bill of lading; master bill of lading;
        house bill of lading; ocean bill of lading; through bill of lading; bol; b/l; bo/l; b/o/l;
        straight bol; master bol; conocimiento de embarque; carta porte; connaissement; lettre de voiture""",
    "credit memo": "credit memo; credit memorandum; credit note; nota de credito; note de credit",
    "customs document": """
        commercial invoice; customs invoice; pro forma invoice; customs declaration; customs entry;
        customs document; entry summary; pedimento; pedimento de importacion; pedimento de exportacion;
        factura comercial; certificate of origin; certificado de origen; facture commerciale;
        facture douaniere; declaration en douane; in bond document; in bond manifest; ace manifest;
        aci manifest; ace e manifest; aci e manifest""",
    "lumper receipt": """
        lumper receipt; lumper service receipt; lumper ticket; unloading receipt; unload receipt;
        unloading service receipt; unloading services receipt; recibo de maniobras;
        recibo de descarga; recu de dechargement""",
    "scale ticket": """
        scale ticket; scale receipt; cat scale ticket; cat scale; certified scale ticket; weigh ticket;
        weighing slip; boleta de bascula; boleta de pesaje; billet de pesee""",
    "weight certificate": """
        weight certificate; certified weight certificate; certificate of weight; certificado de peso;
        certificat de poids""",
    "insurance certificate": """
        certificate of insurance; certificate of liability insurance; insurance certificate;
        acord insurance certificate; evidence of insurance; certificado de seguro; attestation d'assurance;
        certificat d'assurance""",
    "W-9": """
        w 9; form w 9; irs form w 9; request for taxpayer identification number;
        request for taxpayer identification number and certification""",
    "carrier packet": """
        carrier packet; carrier set up packet; carrier onboarding packet; carrier set up; carrier profile;
        carrier set up form; carrier profile form; carrier profile sheet; new carrier form;
        new carrier packet""",
    "carrier agreement": """
        carrier agreement; carrier contract; broker carrier agreement; broker / carrier agreement;
        broker/carrier agreement; master carrier agreement; carrier transportation agreement;
        broker carrier transportation agreement; amendment to the carrier agreement; contrato de transporte;
        contrato con el transportista; contrat de transport""",
    "packing list": "packing list; packing slip; lista de empaque; liste de colisage; bordereau d'expedition",
    "load tender": """
        load tender; motor carrier load tender; carrier load tender; truckload tender; freight tender;
        shipment tender; tender offer; tender request; oferta de carga;
        offre de chargement""",
    "delivery order": """
        delivery order; dispatch order; pick up order; orden de entrega; orden de recoleccion;
        bon d'enlevement""",
    "gate ticket": """
        gate ticket; gate pass; gate receipt; equipment interchange receipt; trailer interchange receipt;
        interchange receipt; equipment interchange; pase de entrada; pase de salida; boleta de entrada;
        boleta de salida; bon d'entree; bon de sortie""",
    "appointment": """
        appointment confirmation; delivery appointment confirmation; pickup appointment confirmation;
        delivery appointment; pickup appointment; appointment request; appointment notice; cita de entrega;
        cita de recoleccion; cita de carga; confirmacion de cita; rendez-vous de livraison;
        confirmation de rendez-vous; confirmation du rendez-vous""",
    "detention request": """
        detention request; detention notice; detention notification; detention claim; request for detention;
        layover request; solicitud de demoras; demande d'attente""",
    "warehouse receipt": "warehouse receipt; dock receipt; receiving report; recibo de almacen; recu d'entrepot",
    "order confirmation": """
        order confirmation; sales order confirmation; order acknowledgment; order acknowledgement;
        sales order acknowledgment; sales order acknowledgement; sales order; confirmacion de pedido;
        confirmation de commande""",
    "arrival notice": "arrival notice; notice of arrival; aviso de llegada; aviso de arribo; avis d'arrivee",
    "check call": """
        check call; check calls; check call log; check call update; check call report; driver check call;
        daily check call; daily check calls; llamada de control; llamada de seguimiento; appel de suivi""",
    "claim": """
        cargo claim; freight claim; cargo claim form; freight claim form; loss and damage claim;
        loss & damage claim; standard form for presentation of loss and damage claim;
        standard form for presentation of loss & damage claim; claim; claim form; claim notice;
        notice of claim; os&d; os&d report; over short and damage report; over, short and damaged report;
        over, short & damaged report; reclamacion; reclamo; reclamation""",
    "statement": """
        statement; account statement; monthly statement; billing statement; carrier statement;
        statement of account; settlement statement; carrier settlement statement; estado de cuenta;
        releve de compte""",
    "quote": """
        quote; quotation; freight quote; freight quotation; rate quote; rate quotation; cotizacion; soumission;
        devis""",
    "purchase order": "purchase order; orden de compra; bon de commande",
    "invoice": """
        invoice; freight invoice; carrier invoice; tax invoice; detention invoice; final invoice;
        accessorial invoice; lumper invoice; freight bill; factura; factura de flete; factura electronica;
        facture; facture de transport""",
})  # fmt: skip
"""The names of each kind of paper, as its heading has them."""

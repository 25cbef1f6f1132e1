"""Papers of a freight desk, in the style of real ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from quality.documents.papers import Paper
from quality.documents.world import Load


def papers(rng: random.Random, loads: Sequence[Load], count: int) -> Sequence[Paper]:
    """So many papers, every form in turn."""
    made = []
    for number in range(count):
        form = _FORMS[number % len(_FORMS)]
        paper = Paper(f"{number + 1:03}-{form.__name__.strip('_').replace('_', '-')}", "", rng)
        form(paper, loads[(number * 5 + number // len(_FORMS)) % len(loads)])
        made.append(paper)
    return made


def _carrier_confirmation(paper: Paper, load: Load) -> None:
    paper.heading("CARRIER RATE AND LOAD CONFIRMATION")
    paper.fields(
        (paper.one_of("Load #", "Load No.", "Our Load Number"), paper.known(load.shipment)),
        ("Carrier", paper.known(load.carrier)),
        ("MC #", load.mc),
        ("Customer", paper.known(load.customer)),
        (paper.one_of("PO #", "Purchase Order", "Cust PO"), paper.number("order")),
        (paper.one_of("Trailer #", "Trailer No"), paper.number("trailer")),
        ("Driver", paper.known(load.driver)),
    )
    paper.grid(
        ("Stop", "Location", "Date", "Pickup #"),
        ("1", paper.place(load.origin), "03/04/2026 08:00", paper.number("pickup")),
        ("2", paper.place(load.destination), "03/05/2026 14:00", ""),
    )
    paper.text(
        f"Agreed rate all in: {paper.money()}. Detention is paid at $50.00 an hour after two hours, with in and out "
        "times on the paperwork. This confirmation is void unless it is signed and returned within one hour."
    )


def _spot_quote_confirmation(paper: Paper, load: Load) -> None:
    paper.heading("Load tender acceptance")
    paper.text(
        f"{paper.known(load.carrier)} agrees to haul {paper.known(load.shipment)} for {paper.known(load.customer)} "
        f"from {paper.place(load.origin)} to {paper.place(load.destination)} at {paper.money()} flat."
    )
    paper.text(
        f"Release number {paper.number('release')} is needed at the gate. Use confirmation number "
        f"{paper.number('confirmation')} on every document. Our purchase orders {paper.number('order')} and "
        f"{paper.number('order')} ride on this truck."
    )
    paper.text("Tracking by the application is required. No double brokering. Page 1 of 1.")


def _straight_bill(paper: Paper, load: Load) -> None:
    paper.heading("STRAIGHT BILL OF LADING")
    paper.fields(
        (paper.one_of("B/L No.", "BOL #", "Bill of Lading Number"), paper.number("bol")),
        (paper.one_of("PRO #", "Carrier PRO No."), paper.number("pro")),
        (paper.one_of("Seal #", "Seal No."), paper.number("seal")),
        ("Carrier Name", paper.known(load.carrier)),
        ("Truck", paper.known(load.truck)),
    )
    paper.text(f"Ship from: {paper.known(load.customer)}, 410 Foundry Street, {paper.place(load.origin, code=True)}")
    paper.text(f"Ship to: Distribution centre 7, 88 Harbor Road, {paper.place(load.destination, code=True)}")
    paper.grid(
        ("Customer order number", "Packages", "Weight", "Pallets"),
        (paper.number("order"), "14", "9,800 lb", "14"),
        (paper.number("order"), "8", "6,120 lb", "8"),
    )
    paper.text(
        "The shipper certifies that the goods are packed, marked and labelled properly. NMFC 155250-2, class 70."
    )


def _delivery_receipt(paper: Paper, load: Load) -> None:
    paper.heading("PROOF OF DELIVERY")
    paper.fields(
        ("Shipment", paper.known(load.shipment)),
        (paper.one_of("BOL", "BOL Number"), paper.number("bol")),
        ("Delivered by", paper.known(load.driver)),
        ("Tractor", paper.known(load.truck)),
        ("Delivered to", paper.place(load.destination)),
        ("Signed on", "2026-03-05 15:12"),
    )
    paper.text(
        f"Seal {paper.number('seal')} intact. 22 pallets received, 1 carton torn, see the photograph. The freight of "
        f"{paper.known(load.customer)} was unloaded at door 14 between 14:05 and 15:10."
    )


def _freight_invoice(paper: Paper, load: Load) -> None:
    paper.heading("FREIGHT INVOICE")
    paper.fields(
        (paper.one_of("Invoice #", "Invoice Number", "Inv No."), paper.number("invoice")),
        ("Invoice date", "03/09/2026"),
        ("Bill to", paper.known(load.customer)),
        ("Load", paper.known(load.shipment)),
        (paper.one_of("P.O. Number", "Customer PO #"), paper.number("order")),
        ("Remit to", paper.known(load.carrier)),
    )
    paper.grid(
        ("Description", "Quantity", "Amount"),
        ("Line haul", "1", paper.money()),
        ("Fuel surcharge", "1", paper.money(40, 400)),
        ("Detention", "2", "$150.00"),
    )
    paper.text("Net 30 days. Late payments bear interest of 1.5 % a month. Questions: 816-555-0199.")


def _warehouse_receipt(paper: Paper, load: Load) -> None:
    paper.heading("Unloading receipt")
    paper.fields(
        ("Receipt #", paper.number("receipt")),
        ("Carrier", paper.known(load.carrier)),
        ("Load #", paper.known(load.shipment)),
        ("PO", paper.number("order")),
        ("Place", paper.place(load.destination)),
        ("Amount paid", paper.money(80, 420)),
    )
    paper.text("24 pallets broken down, two men, one hour and a half.")


def _drayage_order(paper: Paper, load: Load) -> None:
    paper.heading("Delivery order")
    paper.grid(
        ("Container No.", "Seal No.", "Booking No.", "Weight"),
        (paper.number("container"), paper.number("seal"), paper.number("booking"), "41,300 lb"),
    )
    paper.text(
        f"Trucker: {paper.known(load.carrier)}. For the account of {paper.known(load.customer)}. Deliver to "
        f"{paper.place(load.destination)} under {paper.known(load.shipment)}; return the empty within four days."
    )


def _carta_porte(paper: Paper, load: Load) -> None:
    paper.heading("CARTA DE INSTRUCCIONES")
    paper.fields(
        ("Transportista", paper.known(load.carrier)),
        ("Cliente", paper.known(load.customer)),
        ("Orden de compra", paper.number("order")),
        ("Conocimiento de embarque", paper.number("bol")),
        ("Remolque", paper.number("trailer")),
        ("Sello", paper.number("seal")),
        ("Operador", paper.known(load.driver)),
    )
    paper.text(f"Carga {paper.known(load.shipment)}, de {paper.place(load.origin)} a {paper.place(load.destination)}.")


def _confirmation_of_transport(paper: Paper, load: Load) -> None:
    paper.heading("Confirmation de transport")
    paper.fields(
        ("Transporteur", paper.known(load.carrier)),
        ("Client", paper.known(load.customer)),
        ("Bon de commande", paper.number("order")),
        ("Connaissement", paper.number("bol")),
        ("Remorque", paper.number("trailer")),
        ("Facture", paper.number("invoice")),
    )
    paper.text(
        f"Le chargement {paper.known(load.shipment)} part de {paper.place(load.origin)} le 4 mars à 8 h et arrive à "
        f"{paper.place(load.destination)} le 5 mars."
    )


def _check_call(paper: Paper, load: Load) -> None:
    paper.text(
        f"{paper.known(load.driver)} called from {paper.place(load.origin, comma=False)}: {paper.known(load.truck)} is "
        f"loaded and rolling with {paper.known(load.shipment)}, seal # {paper.number('seal')}."
    )
    paper.text(
        f"BOLs: {paper.number('bol')}, {paper.number('bol')}. ETA {paper.place(load.destination)} tomorrow 10:30. "
        "The 2024 tractor has a bad tire, call 816-555-0199 after 9:00 with the code 4411."
    )


def _damage_claim(paper: Paper, load: Load) -> None:
    paper.heading("Notice of claim")
    paper.fields(
        ("Claim #", paper.number("claim")),
        ("Claimant", paper.known(load.customer)),
        ("Carrier", paper.known(load.carrier)),
        ("PRO Number", paper.number("pro")),
        ("Invoice", paper.number("invoice")),
    )
    paper.text(
        f"Three pallets of {paper.known(load.shipment)} arrived wet in {paper.place(load.destination)} on 5 March. "
        f"We claim {paper.money()}."
    )


def _load_sheet(paper: Paper, load: Load) -> None:
    """Labels above their values, as on a printed form; the names in capitals."""
    paper.heading(f"LOAD SHEET {paper.known(load.shipment)}")
    paper.grid(
        ("PO#", "BOL#", "PICKUP#", "TRAILER#"),
        (paper.number("order"), paper.number("bol"), paper.number("pickup"), paper.number("trailer")),
    )
    paper.text(f"CARRIER {paper.known(load.carrier).upper()}")
    paper.text(f"SHIPPER {paper.known(load.customer).upper()}")
    paper.text(
        f"{paper.place(load.origin, comma=False).upper()} TO {paper.place(load.destination, comma=False).upper()}, "
        "612 MILES, 43,000 LBS, DRY VAN 53 FT, NO TARPS"
    )


def _late_notice(paper: Paper, load: Load) -> None:
    """A mail in one breath, with lists of numbers."""
    paper.text("Hi team,")
    paper.text(
        f"heads up on orders {paper.number('order')} and {paper.number('order')}: {paper.known(load.carrier)} lost "
        f"the slot in {paper.place(load.destination)}. New appt conf # {paper.number('confirmation')}, 03/06 7:15. "
        f"Trailer {paper.number('trailer')} stays sealed (seal no. {paper.number('seal')})."
    )
    paper.text(f"Please let {paper.known(load.customer)} know; {paper.known(load.driver)} is out of hours until six.")
    paper.text("PO Box 4471, Suite 210. Tel. 816-555-0199. 2025 Best Broker Award.")


def _settlement(paper: Paper, load: Load) -> None:
    """A statement with one line for each invoice."""
    paper.heading("Settlement statement")
    paper.text(f"Payee: {paper.known(load.carrier)}. Paid on 03/20/2026 by direct deposit, 3 invoices.")
    paper.grid(
        ("Invoice No.", "PRO No.", "Invoice date", "Gross", "Net"),
        *(
            (paper.number("invoice"), paper.number("pro"), f"03/{day}/2026", paper.money(), paper.money())
            for day in ("09", "11", "12")
        ),
    )


_FORMS: Sequence[Callable[[Paper, Load], None]] = (
    _carrier_confirmation, _straight_bill, _delivery_receipt, _freight_invoice, _check_call, _spot_quote_confirmation,
    _warehouse_receipt, _drayage_order, _carta_porte, _confirmation_of_transport, _damage_claim,
    _load_sheet, _late_notice, _settlement,
)  # fmt: skip

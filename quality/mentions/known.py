"""The things that the memory knows, as a system of record gives them. Everything is invented."""

from __future__ import annotations

from apex_cli.extract import entities, keys
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity


def _carrier(name: str, mc: str | None = None) -> Entity | None:
    return entities.named("carrier", "turvo", name, [keys.docket("mc", mc)] if mc else [])


def _customer(name: str, turvo_id: str | None = None) -> Entity | None:
    return entities.named("customer", "turvo", name, [keys.turvo_id("customer", turvo_id)] if turvo_id else [])


def _driver(name: str, phone: str) -> Entity | None:
    return entities.human("driver", "samsara", Contact(name, phone=phone))


def _person(name: str, email: str) -> Entity | None:
    return entities.human("person", "frontapp", Contact(name, email=email))


def known() -> list[Entity]:
    """One entity for each record that gives it; some names are of two things."""
    found = [
        _carrier("Lakeshore Haulage, Inc.", "661208"),
        _carrier("Star Line Transport, LLC", "611200"),
        _carrier("Prairie Freightways"),
        _carrier("Transportes Núñez, S.A. de C.V."),
        _carrier("R. K. Dolan Trucking", "774120"),
        _carrier("Star"),
        _carrier("Bluestem", "901337"),
        _carrier("Pinnacle Peak Logistics", "802211"),
        _carrier("Groupe Beaulieu Ltée"),
        _carrier("Two Rivers & Sons Hauling LLC", "455120"),
        _customer("Great Lakes Cold Storage and Distribution LLC", "310"),
        _customer("Acme Manufacturing Corp", "771"),
        _customer("Brightleaf Foods"),
        _customer("Northgate Tools"),
        _customer("Delta Produce", "820"),
        _customer("Delta Produce Inc", "821"),
        _customer("Summit", "840"),
        _customer("Ferretería El Águila", "850"),
        _customer("3M Coatings Plant", "860"),
        _driver("Tomás Beltrán", "13125550101"),
        _driver("Ines Carvalho", "13125550102"),
        _driver("Marie-Claire Dubois", "15145550103"),
        _driver("Wei Zhang", "13125550104"),
        _driver("Luis Ortega", "13125550105"),
        _driver("Luis Ortega", "13125550106"),
        _person("Priya Raman", "priya@acme-mfg.example"),
        _person("Ola Svensson", "ola@northgate-tools.example"),
        entities.vehicle(unit="TRUCK-6520", vin="1XKYD49X7PJ304417"),
        entities.vehicle(unit="KW-8841B"),
        entities.shipment(shipment_id="LD-40512", turvo_id="9001"),
        entities.shipment(shipment_id="LD-40513", turvo_id="9002"),
        entities.shipment(shipment_id="SHIP-2026-02-12-003"),
        entities.shipment(shipment_id="7712045"),
        entities.order("4410-A"),
        entities.order("PO-88412"),
        entities.reference("bol", "77120456"),
        entities.reference("pro", "482017395"),
    ]
    return [one for one in found if one is not None]


def second() -> list[Entity]:
    """What a second memory knows: names of common words, with short forms, and one that begins another."""
    found = [
        _carrier("Copper Ridge Transport, Inc.", "588214"),
        _carrier("Bighorn Express LLC", "771204"),
        _carrier("Tin Cup Hauling LLC", "933018"),
        _carrier("Ozark Plains Trucking Co."),
        _carrier("Juniper Freight Lines", "118204"),
        _carrier("Transportes Sierra Clara, S.A. de C.V."),
        _carrier("Transport Lac-Mégantic inc."),
        _carrier("J&L Brothers Trucking", "440118"),
        _carrier("C.R. Hallett & Sons"),
        _carrier("Falcon"),
        _carrier("Vantage"),
        _carrier("Stillwater Carriers, Inc.", "612909"),
        _carrier("O'Rourke Cartage Ltd."),
        _carrier("A-1 Expedited LLC"),
        _customer("Harrow & Finch Paper", "501"),
        _customer("Tallgrass Converting", "502"),
        _customer("Valley Pride Produce", "503"),
        _customer("Castle Home Centers, Inc.", "504"),
        _customer("Ironwood Fixtures Manufacturing", "505"),
        _customer("Redstone Ceramics", "506"),
        _customer("Papiers Saguenay ltée", "507"),
        _customer("Norcross Grocers International", "508"),
        _customer("Target", "509"),
        _customer("Monarch", "510"),
        _customer("Lodestar Battery Company", "511"),
        _customer("Packrite Container Corp.", "512"),
        _customer("Prime Foods", "513"),
        _customer("Prime Foods Group", "514"),
        _customer("Galena Wholesale Distribution", "515"),
        _customer("St. Clair Glass Works", "516"),
        _driver("Elmer Pruitt", "14175550139"),
        _driver("Wade Cotter", "18065550188"),
        _driver("Jesús Arriaga", "528155550142"),
        _driver("Josée Lavoie-Tremblay", "18195550133"),
        _driver("Dmitri Volkonsky", "13145550199"),
        _driver("Maria de la Cruz", "12105550118"),
        _driver("Sam Lee", "12105550119"),
        _driver("Sam Lee", "12105550120"),
        _person("Corinne Abbot", "corinne@bighorn.example"),
        _person("Rosalind Petty", "rpetty@meridian.example"),
        _person("Bo Li", "bo@harrow.example"),
        entities.vehicle(unit="TRK-2217", vin="3XKNJAG96SC496932"),
        entities.vehicle(unit="BH-4471"),
        entities.vehicle(unit="Unit 88A"),
        entities.shipment(shipment_id="LX-77812", turvo_id="7001"),
        entities.shipment(shipment_id="LX-77813", turvo_id="7002"),
        entities.shipment(shipment_id="884213"),
        entities.shipment(shipment_id="SHIP-2026-03-12-004"),
        entities.order("4500128831"),
        entities.order("SO-118204"),
        entities.reference("bol", "4482211"),
        entities.reference("pro", "469900152"),
    ]
    return [one for one in found if one is not None]

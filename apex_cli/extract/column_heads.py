"""What the heads of columns mean, as people write them: "Load #", "P/U Date", "Ciudad de origen", "MC No.".

A head is read as a set of words, each in one spelling, whatever its language and their order. So "Número de carga" is
{load, number} as "LOAD NO." is, and both mean `number`. English, Spanish and French are known. A head whose words are
not exactly those of a meaning has none: "Loads" is how many there are.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from apex_cli.extract.identity import slug

_LONGEST = 60
_PARENTHESES = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_NUMBER_SIGN = re.compile(r"[#№]|\bn[º°]", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s\b")
# Terms of several words, each with the word that stands for it. Diacritics are gone by then.
_TERMS = """
    bill of lading > bol | b l > bol | carta porte > bol | carta de porte > bol | conocimiento de embarque > bol
    lettre de voiture > bol | purchase order > po | p o > po | orden de compra > po | bon de commande > po
    o city > origin city | o st > origin state | d city > destination city | d st > destination state
    pick up > pickup | p u > pickup | ship date > pickup date | shipping date > pickup date | ready date > pickup date
    billed party > customer | bill to party > customer
    ship from > origin | ship to > destination | drop off > delivery | bill to > customer | sold to > customer
    e mail > email | correo electronico > email | us dot > dot | u s dot > dot | m c > mc | line haul > linehaul
    zip code > zip | codigo postal > zip | code postal > zip | postal code > zip | c p > zip | rendez vous > appointment
    mise a jour > updated | last update > updated | last updated > updated | last modified > updated | as of > updated
    ultima actualizacion > updated | fecha de actualizacion > updated | date de mise a jour > updated
    trucking company > carrier | motor carrier > carrier | transportation company > carrier
    linea transportista > carrier | razon social > name | company name > name | legal name > name | power unit > truck
    license plate > plate | licence plate > plate | plaque d immatriculation > plate | tag number > plate
    account manager > manager | sales rep > manager
    carrier rep > manager | account rep > manager | booked by > manager | current location > location
    last location > location | last known location > location | ubicacion actual > location | loading > pickup
    amount due > balance | balance due > balance | total due > balance | invoice amount > balance
    invoice total > balance | payment due > due | carrier pay > carrier rate | truck pay > carrier rate
    buy rate > carrier rate | sell rate > customer rate | flat rate > rate | all in > rate
"""
_PHRASES = tuple(
    sorted(
        (
            (phrase.strip(), word.strip())
            for line in _TERMS.splitlines()
            for phrase, mark, word in (term.partition(">") for term in line.split("|"))
            if mark
        ),
        key=lambda pair: -len(pair[0]),
    )
)
_WORDS = """
    number: no nos num nums nbr nr nro numero numeros n | id: ids identifier code codigo clave
    load: carga chargement flete | shipment: shipmt shpmt embarque envio expedition envoi
    trip: viaje voyage | order: ord orden pedido commande | container: contenedor conteneur cntr
    seal: sello precinto scelle plomb | invoice: inv factura facture | origin: orig origen origine depart departure
    pickup: pick pu recogida recoleccion recolecta enlevement ramassage collection pickups
    bol: connaissement
    shipper: shp shpr expedidor remitente expediteur chargeur | destination: dest destino
    delivery: dlv dely deliver drop dropoff entrega livraison descarga dechargement unload unloading
    consignee: receiver cons destinatario consignatario destinataire cnee | customer: cust client cliente
    carrier: hauler transportista transporteur transportadora | driver: chofer conductor operador chauffeur conducteur
    truck: trk tractor unit unidad camion tracto vehicle vehiculo vehicule tractocamion
    trailer: trlr remolque caja remorque | vin: niv | plate: plates placa placas matricula immatriculation
    dot: usdot | status: estatus statut etat situacion | city: ciudad ville town municipio
    state: province prov provincia | zip: zipcode postal cp | country: pais pays
    address: addr direccion adresse domicilio street calle | name: nombre nom
    phone: tel telephone telefono celular cell mobile movil ph tele | email: mail correo courriel
    contact: contacto | date: fecha dt | time: hora heure tm | appointment: appt apt cita rdv
    rate: tarifa tarif price precio prix linehaul | amount: importe monto montant | revenue: ingreso ingresos
    cost: coste costo cout | weight: wt peso poids gross
    commodity: commodities product producto mercancia marchandise goods
    equipment: equip equipo equipement eq | mode: modo
    quantity: qty pieces pcs cantidad quantite pallets tarimas palettes plts skids cartons bultos piezas
    temperature: temp temperatura | miles: mileage distance distancia millas | updated: update modified actualizado maj
    created: creado cree entered booked | due: vencimiento echeance | balance: saldo solde
    location: ubicacion emplacement localisation | notes: note comments comment remarks notas comentarios
    notes: observaciones remarques commentaires instructions | reference: ref refs referencia
    manager: dispatcher despachador planner coordinator repartiteur | stop: parada arret
    line: linea ligne item leg seq sequence | license: licencia licence permis cdl | currency: moneda devise
    latitude: lat | longitude: lon lng long | type: tipo
"""
_SAME_WORD = {
    other: word.strip()
    for line in _WORDS.splitlines()
    for entry in line.split("|")
    if ":" in entry
    for word, _, others in [entry.partition(":")]
    for other in others.split()
}
_UNITS = frozenset(("lbs", "lb", "kg", "kgs", "usd", "mxn", "eur", "cad", "mi", "km", "f", "ft"))
_NO_WORDS = frozenset(
    ("of", "the", "de", "del", "la", "el", "los", "las", "le", "les", "du", "des", "d", "l", "au", "for", "para",
     "pour", "in", "en", "et", "y", "and", "at", "assigned", "total", "full", "us")
)  # fmt: skip
_MEANINGS = """
    number: load number | load id | load | shipment number | shipment id | shipment
    number: load reference | shipment reference
    trip: trip | trip number | trip id
    order: order | order number | order id | customer order number
    po: po | po number | po id | customer po | customer po number
    bol: bol | bol number
    pro: pro | pro number
    container: container | container number
    seal: seal | seal number
    invoice: invoice | invoice number | invoice id
    pickup_number: pickup number | pickup reference | pickup id | pickup confirmation
    delivery_number: delivery number | delivery reference | delivery id | delivery confirmation
    reference: reference | reference number | customer reference | customer reference number | shipper reference
    customer: customer | customer name
    customer_id: customer id | customer number
    customer_phone: customer phone
    customer_email: customer email
    carrier: carrier | carrier name
    carrier_id: carrier id | carrier number
    carrier_phone: carrier phone
    carrier_email: carrier email
    mc: mc | mc number | carrier mc | carrier mc number
    dot: dot | dot number | carrier dot | carrier dot number
    scac: scac | scac id | carrier scac
    driver: driver | driver name
    driver_id: driver id | driver number
    driver_phone: driver phone | driver contact
    driver_email: driver email
    driver_license: driver license | driver license number | license | license number
    truck: truck | truck number | truck id | truck name
    trailer: trailer | trailer number | trailer id
    vin: vin | vin number | truck vin
    plate: plate | plate number | truck plate | license plate number
    status: status | load status | shipment status | truck status | driver status | carrier status | estado
    status: load estado | shipment estado | invoice status
    status_time: status date | status time | status updated
    origin: origin | origin location | pickup location | origin city state | pickup city state | shipper location
    origin: from | desde
    origin_or_pickup: pickup
    origin_city: origin city | pickup city | shipper city | load city
    origin_state: origin state | pickup state | shipper state | load state | origin estado | pickup estado | origin st
    origin_state: pickup st | shipper st
    origin_zip: origin zip | pickup zip | shipper zip
    origin_country: origin country | pickup country | shipper country
    origin_address: origin address | pickup address | shipper address
    origin_name: shipper | shipper name | pickup name | origin name | pickup facility | origin facility | pickup shipper
    pickup_date: pickup date | origin date | shipper date | load date | pickup appointment | pickup date time
    pickup_date: pickup appointment date | pickup appointment date time | pickup appointment time date
    pickup_time: pickup time | load time | pickup appointment time | origin time
    destination: destination | destination location | delivery location | destination city state | delivery city state
    destination: consignee location | delivery city st
    origin: origin city st | pickup city st
    destination: destination city st | to | hasta
    destination_or_delivery: delivery
    destination_city: destination city | delivery city | consignee city
    destination_state: destination state | delivery state | consignee state | destination estado | delivery estado
    destination_state: destination st | delivery st | consignee st
    destination_zip: destination zip | delivery zip | consignee zip
    destination_country: destination country | delivery country | consignee country
    destination_address: destination address | delivery address | consignee address
    destination_name: consignee | consignee name | delivery name | destination name | delivery facility
    destination_name: destination facility
    delivery_date: delivery date | destination date | consignee date | delivery appointment | delivery date time
    delivery_date: delivery appointment date | delivery appointment date time
    delivery_time: delivery time | delivery appointment time | destination time
    eta: eta | delivery eta | destination eta
    rate: rate | amount | load rate | load amount | charge
    customer_rate: customer rate | customer amount | revenue | customer charge
    carrier_rate: carrier rate | carrier amount | cost | carrier cost
    currency: currency
    weight: weight | load weight
    commodity: commodity | description
    equipment: equipment | equipment type | trailer type | truck type | trailer size
    mode: mode
    quantity: quantity | number quantity
    temperature: temperature
    miles: miles | load miles
    deadhead: dh | dh o | dh d | dh origin | dh destination | deadhead | deadhead origin | deadhead destination
    deadhead: deadhead miles | dh miles
    notes: notes | load notes | driver notes
    manager: manager | load manager
    updated: updated | date updated | time updated
    created: created | date created | order date | load created
    date: date | date time
    time: time
    location: location | truck location
    latitude: latitude | truck latitude
    longitude: longitude | truck longitude
    stop: stop | stop number | stop line
    stop_type: stop type
    line: line | line number
    invoice_date: invoice date
    due_date: due | due date
    balance: balance
    name: name
    phone: phone | phone number | contact phone
    email: email | contact email
    contact: contact | contact name
    city: city | stop city
    state: state | st | stop state
    zip: zip
    country: country
    address: address | stop address
    make: make
    model: model
    year: year
"""
_MEANING_OF = {
    frozenset(words.split()): name.strip()
    for line in _MEANINGS.splitlines()
    if ":" in line
    for name, _, every in [line.partition(":")]
    for words in every.split("|")
}


@lru_cache(maxsize=8192)
def meaning(head: str) -> str | None:
    """The meaning of a head, one of the names in `_MEANINGS`; None for a head without a known one."""
    for text in (head, _PARENTHESES.sub(" ", head)):
        words = frozenset(_words(text)) - _NO_WORDS - _UNITS
        found = _MEANING_OF.get(words) or _MEANING_OF.get(words - {"number"})
        if found:
            return found
    return None


def unit(head: str) -> str | None:
    """The unit or currency that a head gives for its values: "Weight (lbs)" gives `lbs`, "Rate USD" gives `USD`."""
    found = next((word for word in _words(head) if word in _UNITS), None)
    return found.upper() if found in ("usd", "mxn", "eur", "cad", "f") else found


def known(heads: list[str]) -> int:
    """How many of these heads have a meaning, each meaning once."""
    return len({name for head in heads if (name := meaning(head))})


def _words(head: str) -> list[str]:
    """The words of a head in one spelling, in order; none for one that is too long."""
    if len(head) > _LONGEST:
        return []
    plain = unicodedata.normalize(
        "NFKD", _NUMBER_SIGN.sub(" number ", _POSSESSIVE.sub("", _PARENTHESES.sub(r" \1\2 ", head)))
    )
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    text = slug(plain, 2 * _LONGEST, split_acronyms=True).replace("_", " ")
    if text.startswith("del "):
        # "Del. date" is a delivery's; in Spanish the word stands within a head only.
        text = f"delivery {text[4:]}"
    text = f" {text} "
    for phrase, word in _PHRASES:
        if f" {phrase} " in text:
            text = text.replace(f" {phrase} ", f" {word} ")
    return [_SAME_WORD.get(word, word) for word in text.split()]

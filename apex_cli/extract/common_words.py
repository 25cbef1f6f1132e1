"""Words that are no name by themselves: English, Spanish and French, and those of freight papers.

They decide which words of a text are looked up as names; see `phrases`. A word that is missing here costs a look-up. A
word too many can cost a name only if it is written in small letters or stands alone.
"""

# ruff: noqa: SIM905 - as lists of strings these would be 1,500 lines

from __future__ import annotations

NO_NAME = frozenset(
    """
    from a about after again against all almost also although
    always am among an and another any anyone anything appreciate are around as asap ask asked at attached attn away
    be because been before being below between both but by bye call called calling can cannot cant confirm confirmed
    could dear did do does doing done dont down due during each either else etc even ever every everyone everything
    for further fw fwd fyi get getting give given go goes going gone got had has have having he hello help her here
    hers hey hi him his how however i id if im in into is isnt it its ive just keep kindly know known last late
    later least less let like ll look made make many may maybe me might mine more most much must my near need needed
    needs never next no none nor not nothing now of off ok okay on once only onto or other our ours out over per
    please pls possible put re ready really received regards regarding reply said same saw say says see seen send
    sent several shall she should since so some someone something soon sorry spoke still such sure take taken talk
    tell thank thanks that thats the their them then there these they things this those though through thru thx till
    to today told tomorrow tonight too took toward tried try trying unless until up update us use used using very
    via wait waiting want wanted was wasnt we well went were what whats when where whether which while who whom
    whose why will wish with within without wont would writes wrote yes yesterday yet you your yours monday tuesday
    wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun january february march
    april june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    driver drivers dispatcher carrier customer shipper consignee receiver broker pm cst cdt est edt mst mdt pst pdt
    utc gmt et ct mt pt al ante aqui asi ayer bajo buenas buenos cada como con contra cual cuando de del desde dia
    dias donde e el ella ellos en entre era es esa ese eso esta estaba estan este esto estos favor fue gracias ha
    hacia han hasta hay hola hoy la las le les lo los manana mas mi muy nos nosotros o para pero por porque que
    quien saludos se ser si sin sobre son su sus tambien te tiene todo todos tu un una uno unos usted y ya lunes
    martes miercoles jueves viernes sabado domingo enero febrero marzo abril mayo junio julio agosto septiembre
    octubre noviembre diciembre alors apres au aujourdhui aussi autre aux avant avec avoir bien bonjour bonsoir car
    ce cela ces cet cette chez comme cordialement dans demain depuis des deux donc du elle elles etait ete etre eu
    faire fait hier ici il ils je jour leur leurs lui ma mais meme merci mes ne notre nous ont ou par pas plus pour
    puis qu quand qui sa salut sans sera ses sont sous sur ta tous tout tres une vers voici votre vous lundi mardi
    mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre octobre
    novembre decembre
    """.split()
)
"""Words that are part of no name, with a capital or without."""

OF_PAPERS = frozenset(
    """
    OF_PAPERS accepted accessorial accessorials account accounts actual address advance advise agent agreed
    agreement amount appointment appointments approved arrival arrive arrived arrives arriving attachment
    attachments authority available balance bill billing bills bol booking box boxes bond bookings bound broke
    broken brokerage buyer cargo carton cartons case cases cell certificate change changed charge charges chargeback
    check chart checks claim claims class clean clear cleared clearance clerk close closed code collect comchek
    commodity condition conditions confirmation confirmations consignees contact contract copy cost costs count
    cover credit crossing customers customs cut damage damaged damages date dates day days deck declared delay
    delayed delays deliver delivered deliveries delivery departed departure desc description dest destination detail
    details detention dispatch dispatched dispatchers distance dock docks document documents door doors draft drop
    dropped dry duty early efs email emails empty empties entry equipment eta etd evening exception exceptions
    expected expires extension extra facility factoring fax fee fees final flatbed form fuel full goods gross hazmat
    holding holiday hour hours hourly export inbound incoming info information instructions insurance insured
    invoice invoices invoiced item items issue issued label lading layover leave leaving length linehaul liability
    limit limits list load loaded loading loads location log lost lot lumper lumpers mail manager manifest mark max
    mc message messages mile miles min minutes miss missed missing mobile money month morning move moved name names
    net night noon note notes notice notify number numbers office open order orders origin outbound outgoing overage
    owner page pages paid pallet pallets paper paperwork papers part party parts pay payable payment payments person
    phone pick picked picks pickup pickups piece pieces plate po pod pounds price print prior pro problem product
    products proof purchase purchaser quantity quote quoted quotes rate rates receipt receipts receive receivers
    receiving ref refer reference references refused reefer release released remarks remit rep report request
    requested required reset rest return returned returns revised road run safety sales scale schedule scheduled
    seal sealed seals second section sender set settlement shipment shipments shipped shippers short shortage
    shortages sign signature signed site skid skids slip slot start started statement status stop stops storage
    subject subtotal surcharge tarp tarps tax temp temperature tender tendered tenders term terminal terms time
    times title ton tons total totals tracking tractor trailer trailers trip truck trucks type unit units unload
    unloaded unloading updated updates upon usd valid value vehicle vendor verified verify visit void voucher
    warning week weekend weight weights work working year zip aduana almacen anexo bodega caja calle cambio
    cancelado carga cargas carta cita citas ciudad cliente clientes codigo comprador concepto conductor confirmacion
    conocimiento contenedor correo costo destinatario destino detalle direccion documento documentos embarque
    embarques empresa entrada entrega entregado entregas estado factura facturas fecha flete folio hora horas
    importe listo llegada llego lugar mercancia monto muelle nombre nota numero orden ordenes origen pago patio
    pedido pedidos pedimento peso pesos porte precio proveedor reclamo recibo recogida recolectar referencia
    remitente remolque ruta salida salio sello tarifa telefono tipo transportista unidad valor
    vacio viaje adresse arrivee article attente avis bon camion chargement client clients colis commande commandes
    connaissement contenant courriel depart destinataire douane douanes ecart entrepot expediteur expedition facture
    factures frais heure heures lettre lieu livraison livraisons livre marchandise montant objet palette palettes
    poids pret prix quai quittance ramassage reclamation recu remorque rendezvous sceau tarif taux telephone
    transporteur valeur vide ville voiture
    """.split()
)
"""Words of the labels and headings of papers. They may be part of a name that is written with capitals."""

COMMON = frozenset(
    """
    accident air alarm area bad bank bay big black blue break bridge bring brings build building buy cash center
    central chemical city clock cold come comes coming common complete completed cool corner country county couple
    cross current dark deal decision desk different dollar drive driving east easy end engine enough error exit
    express fast few field file find finish finished first five flat floor fog follow food foot forward found four
    free fresh front gas general global gold golden green ground grocery guard guys half hand happen happened hard
    heavy held high highway hit home hope hot house ice idea inside interstate job key land large left legal light
    little live local lock long loss low lunch main maintenance man market matter mean meet meeting member mind
    minute national new north old option outside park parked parking past people pin place plant plastic plug power
    premier pressure prime probably process produce public pull pulled purple question quick quite rain reason red
    region regional repair replace respond right river rock roll room rough round route safe sand save scene
    security self service setup seven shed sheet shift shop shut side silver six sleep slow small snow south spare
    speak spot spring staff stage standard star states station stay steel step storm stuck stuff summit supplier
    supply support swap switch system table target team ten test three tire tires tool top town traffic
    transportation trouble trust turn twenty union united upper valley view walk wall warm water weather west wet
    wheel white whole winter wood word world worst wrong yellow young great good best fine way one two own kind
    above across under thing line transit direct freight group company services special international logistics
    carriers brokers lane lanes rail ship shipping street straps store stores state warehouse warehouses van point
    plan gate hold yard zone transporte servicio
    """.split()
)
"""Words that names are often made of. They may be part of a name that is written with capitals, "Star Line Transport",
even where the whole line is in capitals.
"""

JOINTS = frozenset(
    ("and", "of", "de", "la", "del", "los", "las", "y", "et", "du", "des", "da", "do", "e", "el", "the", "&")
)
"""Small words inside of a name."""

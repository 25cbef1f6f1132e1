"""Words around and inside of the names of places, in English, Spanish and French."""

from __future__ import annotations

from apex_cli.extract.label_words import word_set

WORDS = word_set(
    """
    BC BCS CAM CAMP COA COL DF DUR GEORGIA GUA HID MEX MIC MONTANA MOR NAY NL PUE QR QUE SIN SON TAB VER VIRGINIA
    WASHINGTON
    """
)
"""Names of states that are names of people or other words: only behind a city that is known."""
DOUBTFUL = word_set("AB AL CO DE HI ID IN LA MD ME MS MT NB NT OK ON OR PE")
"""Codes of states that are words, names or abbreviations of something else."""
LANE_BEFORE = word_set(
    """
    a at city de delivery departed depuis desde dest destination en from hacia in leaving left loc location near
    origin outside past pickup stop through to vers via
    """
)
"""Words before a place."""
NOT_A_CITY = word_set(
    """
    a all an and are arrived arriving at avec be bodega bol both by call cargado carrier check checked city cliente
    co company con consignee corp cruce cueillette customer date del delivered delivery departed departing depot
    depuis desde dest destination destino dock driver drop drop-off dropoff empty en entrega entrepôt est et eta
    facility foods for freight friday from hacia hasta he hub in inc is it lane lanes leaving left livraison llc
    llegada llego load loaded location logistics ltd manufacturing monday near not now number of on or order origen
    origin our para part pick-up picked pickup place plant planta po por pour pro pu quai ramassage rate receiver
    recoger report sale salida saturday scale she ship shipment shipped shipper status stop sunday terminal that the
    then they this through thursday time to trailer transport truck trucking tuesday unidad unit usine vers via
    warehouse was we wednesday weight will with y yard you your à
    """
)
"""Words that begin with a capital before a city, and are no part of its name."""
PARTICLES = word_set("aux de del des du el la las los of sur")
"""Small words inside of a name, after one of `TAKES_PARTICLE`: "Fond du Lac", "San Juan del Río"."""
TAKES_PARTICLE = word_set(
    """
    apaseo baie cap cienega city ciudad ciénega cuautitlan fond isla isle isles juan king lac lagos mont nicolas
    nicolás palos playa pointe port portage rancho saint sainte san santa trois valle villa
    """
)
"""Words of names that go on with a small word."""
GREETING = word_set("dear hello hey hi no ok okay please regards sorry thank thanks yes")
"""Before a comma and a word that looks like a code: "Hi Tom, IN"."""
STREET = word_set(
    """
    ave avenue blvd boulevard expressway highway hwy interstate lane ln parkway pkwy rd road street turnpike
    """
)
"""Kinds of streets."""
STREET_AFTER_NUMBER = word_set("cir circle court ct dr drive pl place plaza sq square st ter way")
"""More kinds of streets, which other words may be too: after a house number."""
ABBREVIATED = word_set("cd. e. ft. gral. mt. n. s. st. ste. w.")
"""Words of names that end in a dot."""

"""States and provinces of the United States, Canada and Mexico, and cities that freight goes through.

The cities are no list of all places: they only decide where a text leaves a doubt, as in "empty in Gary IN" and
"YARD REPORT MEMPHIS TN". Facts of geography, written down here; no data set is copied.
"""

from __future__ import annotations

from collections.abc import Iterator

# State or district: name, and the first digits its ZIP codes may have (USPS Publication 65).
STATES = {
    "AL": ("Alabama", "3"), "AK": ("Alaska", "9"), "AZ": ("Arizona", "8"), "AR": ("Arkansas", "7"),
    "CA": ("California", "9"), "CO": ("Colorado", "8"), "CT": ("Connecticut", "0"), "DC": ("District of Columbia", "2"),
    "DE": ("Delaware", "1"), "FL": ("Florida", "3"), "GA": ("Georgia", "3"), "HI": ("Hawaii", "9"),
    "ID": ("Idaho", "8"), "IL": ("Illinois", "6"), "IN": ("Indiana", "4"), "IA": ("Iowa", "5"),
    "KS": ("Kansas", "6"), "KY": ("Kentucky", "4"), "LA": ("Louisiana", "7"), "ME": ("Maine", "0"),
    "MD": ("Maryland", "2"), "MA": ("Massachusetts", "05"), "MI": ("Michigan", "4"), "MN": ("Minnesota", "5"),
    "MS": ("Mississippi", "3"), "MO": ("Missouri", "6"), "MT": ("Montana", "5"), "NE": ("Nebraska", "6"),
    "NV": ("Nevada", "8"), "NH": ("New Hampshire", "0"), "NJ": ("New Jersey", "0"), "NM": ("New Mexico", "8"),
    "NY": ("New York", "01"), "NC": ("North Carolina", "2"), "ND": ("North Dakota", "5"), "OH": ("Ohio", "4"),
    "OK": ("Oklahoma", "7"), "OR": ("Oregon", "9"), "PA": ("Pennsylvania", "1"), "RI": ("Rhode Island", "0"),
    "SC": ("South Carolina", "2"), "SD": ("South Dakota", "5"), "TN": ("Tennessee", "3"), "TX": ("Texas", "78"),
    "UT": ("Utah", "8"), "VT": ("Vermont", "0"), "VA": ("Virginia", "2"), "WA": ("Washington", "9"),
    "WV": ("West Virginia", "2"), "WI": ("Wisconsin", "5"), "WY": ("Wyoming", "8"),
}  # fmt: skip

# Province or territory: name, and the first letters its postal codes may have (Canada Post).
PROVINCES = {
    "AB": ("Alberta", "T"), "BC": ("British Columbia", "V"), "MB": ("Manitoba", "R"), "NB": ("New Brunswick", "E"),
    "NL": ("Newfoundland and Labrador", "A"), "NS": ("Nova Scotia", "B"), "NT": ("Northwest Territories", "X"),
    "NU": ("Nunavut", "X"), "ON": ("Ontario", "KLMNP"), "PE": ("Prince Edward Island", "C"), "QC": ("Quebec", "GHJK"),
    "SK": ("Saskatchewan", "S"), "YT": ("Yukon", "Y"),
}  # fmt: skip

# State: its usual abbreviation, its name, and other spellings in use, ISO 3166-2 among them.
MEXICAN_STATES = (
    ("Ags.", "Aguascalientes", "AGU"), ("B.C.", "Baja California", "BCN"), ("B.C.S.", "Baja California Sur", "BCS"),
    ("Camp.", "Campeche", "CAM"), ("Chis.", "Chiapas", "CHP"), ("Chih.", "Chihuahua", "CHH"),
    ("CDMX", "Ciudad de Mexico", "D.F.", "DF", "CMX"), ("Coah.", "Coahuila", "COA"), ("Col.", "Colima", "COL"),
    ("Dgo.", "Durango", "DUR"), ("Gto.", "Guanajuato", "GUA"), ("Gro.", "Guerrero", "GRO"),
    ("Hgo.", "Hidalgo", "HID"), ("Jal.", "Jalisco", "JAL"),
    ("Mex.", "Estado de Mexico", "Edo. Mex.", "Edo. de Mex.", "Edomex", "MEX"), ("Mich.", "Michoacan", "MIC"),
    ("Mor.", "Morelos", "MOR"), ("Nay.", "Nayarit", "NAY"), ("N.L.", "Nuevo Leon", "NLE"), ("Oax.", "Oaxaca", "OAX"),
    ("Pue.", "Puebla", "PUE"), ("Qro.", "Queretaro", "QUE"), ("Q. Roo", "Quintana Roo", "Q.R.", "ROO"),
    ("S.L.P.", "San Luis Potosi", "SLP"), ("Sin.", "Sinaloa", "SIN"), ("Son.", "Sonora", "SON"),
    ("Tab.", "Tabasco", "TAB"), ("Tamps.", "Tamaulipas", "TAM"), ("Tlax.", "Tlaxcala", "TLA"),
    ("Ver.", "Veracruz", "VER"), ("Yuc.", "Yucatan", "YUC"), ("Zac.", "Zacatecas", "ZAC"),
)  # fmt: skip

_CITIES = """
AL: Birmingham, Mobile, Montgomery, Huntsville, Decatur, Dothan, Tuscaloosa, Anniston, Auburn, Cullman, Opelika
AR: Little Rock, North Little Rock, Fort Smith, West Memphis, Jonesboro, Lowell, Springdale, Conway, Fayetteville,
  Rogers, Bentonville, Texarkana
AZ: Phoenix, Tucson, Nogales, Yuma, Tolleson, Goodyear, Chandler, Mesa, Glendale, Kingman, Flagstaff, Tempe,
  Casa Grande
CA: Los Angeles, Long Beach, Fontana, Ontario, Riverside, San Bernardino, Rialto, Fresno, Stockton, Tracy, Lathrop,
  Sacramento, Oakland, San Diego, Otay Mesa, Calexico, Bakersfield, San Francisco, San Jose, Modesto, Salinas,
  Visalia, Carson, Compton, Vernon, City of Industry, Perris, Moreno Valley, Redlands, Chino, Mira Loma,
  Jurupa Valley, Barstow, Victorville, Anaheim, Wilmington, San Pedro, Commerce, Watsonville, Oxnard, Patterson, Lodi,
  Shafter
CO: Denver, Aurora, Commerce City, Colorado Springs, Pueblo, Grand Junction, Fort Collins, Greeley, Brighton,
  Henderson, Loveland
CT: Hartford, New Haven, Bridgeport, Windsor, Bloomfield, Newington, Cheshire, Danbury, Waterbury, Stamford
DC: Washington
DE: Wilmington, Dover, New Castle, Newark, Seaford, Smyrna, Middletown
FL: Miami, Jacksonville, Tampa, Orlando, Lakeland, Ocala, Medley, Doral, Hialeah, Fort Lauderdale, West Palm Beach,
  Pensacola, Tallahassee, Plant City, Sanford, Pompano Beach, Opa Locka, Winter Haven, Davenport, Fort Myers
GA: Atlanta, Savannah, McDonough, Forest Park, Fairburn, Union City, Macon, Augusta, Columbus, Valdosta, Braselton,
  Dalton, Albany, Gainesville, Lithia Springs, Cartersville, Garden City, Pooler, Conyers, Norcross, Jefferson,
  La Grange
HI: Honolulu, Kapolei
IA: Des Moines, Cedar Rapids, Davenport, Sioux City, Council Bluffs, Waterloo, Dubuque, Ankeny, Iowa City, Ames,
  Bettendorf
ID: Boise, Nampa, Caldwell, Twin Falls, Pocatello, Idaho Falls, Meridian, Coeur d'Alene, Post Falls, Jerome, Burley
IL: Chicago, Joliet, Elwood, Bolingbrook, Romeoville, Aurora, Naperville, Bedford Park, Cicero, Rockford, Rochelle,
  Peoria, Springfield, Champaign, Effingham, Decatur, Elk Grove Village, Carol Stream, Bensenville, Franklin Park,
  McCook, Hodgkins, Edwardsville, Granite City, East St. Louis, Mount Vernon, Bloomington, Kankakee, Monee,
  University Park, Waukegan, Minooka, Plainfield, DeKalb, Melrose Park, Harvey, Moline, Danville, La Salle
IN: Indianapolis, Gary, Fort Wayne, South Bend, Evansville, Plainfield, Whitestown, Lebanon, Hammond, Elkhart,
  Greenwood, Lafayette, Terre Haute, Jeffersonville, Portage, Merrillville, Hobart, Columbus, Muncie, Anderson,
  East Gary, Rensselaer, Mount Vernon, Seymour, Goshen, East Chicago, Crown Point, Remington, Greenfield, Clarksville
KS: Kansas City, Wichita, Topeka, Lenexa, Olathe, Edgerton, Overland Park, Salina, Dodge City, Garden City, Liberal,
  Emporia, Lawrence, Hutchinson
KY: Louisville, Florence, Hebron, Lexington, Shepherdsville, Bowling Green, Walton, Erlanger, Owensboro, Georgetown,
  Paducah, Elizabethtown
LA: New Orleans, Baton Rouge, Shreveport, Lafayette, Lake Charles, Monroe, Hammond, Port Allen, Gonzales, Alexandria,
  Slidell, Kenner, Bossier City
MA: Boston, Worcester, Springfield, Chicopee, Westfield, Taunton, Fall River, New Bedford, Chelsea, Everett,
  Shrewsbury, Northborough, Holyoke
MD: Baltimore, Hagerstown, Jessup, Landover, Aberdeen, Salisbury, Frederick, Elkton, Hanover, Perryville, Dundalk,
  Edgewood
ME: Portland, Bangor, Lewiston, Augusta, Houlton, Scarborough, Auburn
MI: Detroit, Grand Rapids, Livonia, Romulus, Taylor, Lansing, Flint, Kalamazoo, Warren, Port Huron, Jackson,
  Battle Creek, Holland, Saginaw, Sterling Heights, Dearborn, Monroe, Wyoming, Muskegon
MN: Minneapolis, St. Paul, Saint Paul, Eagan, Shakopee, Duluth, Rochester, St. Cloud, Lakeville, Mankato, Rogers,
  Fridley, Moorhead
MO: Kansas City, St. Louis, Saint Louis, Springfield, Joplin, Hazelwood, Riverside, North Kansas City, Columbia,
  Jefferson City, Sikeston, St. Joseph, O'Fallon, Earth City, Bridgeton, Cape Girardeau, Carthage
MS: Jackson, Olive Branch, Southaven, Gulfport, Tupelo, Meridian, Hattiesburg, Byhalia, Greenville, Horn Lake, Biloxi
MT: Billings, Missoula, Bozeman, Great Falls, Butte, Helena, Kalispell, Laurel
NC: Charlotte, Greensboro, Raleigh, Durham, Winston-Salem, High Point, Kernersville, Concord, Fayetteville,
  Wilmington, Statesville, Hickory, Salisbury, Asheville, Gastonia, Mebane, Rocky Mount
ND: Fargo, Bismarck, Grand Forks, Minot, Williston, Jamestown, Pembina
NE: Omaha, Lincoln, Grand Island, North Platte, Fremont, Norfolk, Kearney, Lexington, La Vista
NH: Manchester, Nashua, Londonderry, Hooksett, Concord, Portsmouth
NJ: Newark, Elizabeth, Jersey City, Edison, Secaucus, Kearny, Carteret, Cranbury, South Brunswick, Swedesboro, Dayton,
  Trenton, Camden, North Bergen, Port Newark, Linden, Robbinsville, Vineland, Perth Amboy, Bayonne, South Plainfield,
  Monroe
NM: Albuquerque, Las Cruces, Santa Teresa, Gallup, Roswell, Clovis, Hobbs, Santa Fe, Sunland Park
NV: Las Vegas, North Las Vegas, Reno, Sparks, Henderson, Elko, Fernley, Carson City, McCarran
NY: New York, Brooklyn, Bronx, Buffalo, Syracuse, Rochester, Albany, Maspeth, Newburgh, Montgomery, Hauppauge,
  Farmingdale, Plattsburgh, Champlain, Utica, Binghamton, Schenectady, Niagara Falls, Queens, Jamaica, Tonawanda,
  Watertown
OH: Columbus, Cleveland, Cincinnati, Toledo, Dayton, Akron, Groveport, Obetz, Lockbourne, Grove City, Springfield,
  Lima, Findlay, Youngstown, Mansfield, West Chester, Fairfield, Monroe, Solon, Twinsburg, Richfield, Marion,
  West Jefferson, Wilmington, Canton, Vandalia, Zanesville, Hilliard, Etna, Perrysburg, Bowling Green
OK: Oklahoma City, Tulsa, Norman, Ardmore, Enid, Lawton, Durant, Muskogee, Broken Arrow, Edmond, Catoosa,
  Pauls Valley, Sallisaw, Stillwater
OR: Portland, Salem, Eugene, Medford, Troutdale, Clackamas, Wilsonville, Bend, Hermiston, Tualatin, Woodburn,
  Boardman, Ontario, Gresham, Albany
PA: Philadelphia, Pittsburgh, Harrisburg, Carlisle, Allentown, Bethlehem, Breinigsville, Hazleton, York, Lancaster,
  Mechanicsburg, Scranton, Wilkes-Barre, Erie, Reading, Chambersburg, Shippensburg, Camp Hill, Middletown, Bristol,
  King of Prussia, New Stanton, Pittston, Easton, Tobyhanna, Bensalem, Levittown, Lebanon, Denver
RI: Providence, Pawtucket, Cranston, Warwick, East Providence, Smithfield
SC: Charleston, North Charleston, Greenville, Spartanburg, Greer, Columbia, Summerville, Duncan, Florence, Rock Hill,
  Fort Mill, Chester, Anderson, Ladson, Dillon
SD: Sioux Falls, Rapid City, Aberdeen, Brookings, Mitchell, Watertown, Huron
TN: Memphis, Nashville, Knoxville, Chattanooga, La Vergne, Lebanon, Smyrna, Murfreesboro, Jackson, Antioch,
  Mount Juliet, Kingsport, Clarksville, Morristown, Johnson City, Cookeville, Cleveland, Millington
TX: Dallas, Houston, Laredo, El Paso, San Antonio, Fort Worth, Ft. Worth, Austin, McAllen, Pharr, Brownsville,
  Eagle Pass, Del Rio, Edinburg, Hidalgo, Harlingen, Mission, Amarillo, Lubbock, Midland, Odessa, Waco, Temple,
  Grand Prairie, Arlington, Irving, Garland, Mesquite, Lancaster, Wilmer, Hutchins, Coppell, Carrollton, Plano,
  McKinney, Katy, Baytown, Pasadena, La Porte, Conroe, Humble, Stafford, Sugar Land, Corpus Christi, Tyler, Longview,
  Texarkana, Beaumont, Port Arthur, Denton, Sherman, New Braunfels, San Marcos, Seguin, Socorro, Roanoke, Haslet,
  Alliance, Wichita Falls, Abilene, Big Spring, Bryan, Schertz, Terrell, DeSoto, Weslaco, Roma, Rio Grande City
UT: Salt Lake City, West Valley City, Ogden, Provo, Clearfield, Tooele, Lindon, St. George, Cedar City, Logan,
  North Salt Lake, Nephi
VA: Richmond, Norfolk, Virginia Beach, Chesapeake, Portsmouth, Suffolk, Roanoke, Harrisonburg, Winchester,
  Front Royal, Ashland, Petersburg, Lynchburg, Chester, Manassas, Fredericksburg, Sandston, Stephens City
VT: Burlington, Williston, Highgate Springs, Brattleboro, Rutland, St. Albans, Derby Line
WA: Seattle, Tacoma, Kent, Sumner, Auburn, Spokane, Fife, Puyallup, Vancouver, Yakima, Blaine, Everett, Pasco,
  Kennewick, Lakewood, Tukwila, Renton, Ellensburg, Wenatchee, Lacey, Moses Lake, Sumas, Bellingham
WI: Milwaukee, Green Bay, Madison, Kenosha, Pleasant Prairie, Appleton, Oak Creek, Racine, Janesville, Waukesha,
  Eau Claire, La Crosse, Wausau, Neenah, Beloit, Fond du Lac, Oshkosh, Menomonee Falls, Germantown, Sheboygan, Tomah,
  Black River Falls
WV: Charleston, Martinsburg, Huntington, Morgantown, Wheeling, Parkersburg, Inwood
WY: Cheyenne, Casper, Rock Springs, Laramie, Gillette, Evanston, Rawlins
AK: Anchorage, Fairbanks, Juneau, Kenai
AB: Calgary, Edmonton, Red Deer, Lethbridge, Acheson, Balzac, Rocky View, Nisku, Leduc, Medicine Hat, Coutts
BC: Vancouver, Surrey, Delta, Richmond, Burnaby, Langley, Abbotsford, Kelowna, Kamloops, Prince George, Coquitlam,
  Chilliwack, Osoyoos
MB: Winnipeg, Brandon, Emerson, Portage la Prairie, Steinbach, Winkler
NB: Moncton, Saint John, Fredericton, Woodstock, Dieppe, Edmundston, St. Stephen
NL: St. John's, Mount Pearl, Corner Brook, Port aux Basques
NS: Halifax, Dartmouth, Truro, Debert, Amherst, Bedford
ON: Toronto, Mississauga, Brampton, Ottawa, Hamilton, London, Windsor, Vaughan, Markham, Milton, Oakville, Burlington,
  Guelph, Cambridge, Kitchener, Waterloo, Barrie, Kingston, Cornwall, Sarnia, Fort Erie, Niagara Falls, Ajax, Whitby,
  Oshawa, Concord, Etobicoke, Scarborough, Caledon, Bolton, Woodstock, St. Catharines, Belleville, Brantford, Sudbury,
  Thunder Bay, Sault Ste. Marie, Brockville, Ayr, Puslinch, North Bay, Pickering, Tilbury, Lansdowne
PE: Charlottetown, Summerside
QC: Montreal, Laval, Quebec, Longueuil, Dorval, Lachine, Saint-Laurent, Pointe-Claire, Boucherville, Trois-Rivieres,
  Sherbrooke, Drummondville, Vaudreuil-Dorion, Les Coteaux, Gatineau, Terrebonne, Anjou, Varennes, Candiac, Granby,
  Saint-Hyacinthe, Levis, Lacolle, Valleyfield, Brossard, Mirabel
SK: Saskatoon, Regina, Moose Jaw, Estevan, North Portal, Yorkton
Ags.: Aguascalientes
B.C.: Tijuana, Mexicali, Ensenada, Tecate
Chih.: Ciudad Juarez, Cd. Juarez, Juarez, Chihuahua, Delicias
CDMX: Ciudad de Mexico, Mexico, Azcapotzalco
Coah.: Saltillo, Ramos Arizpe, Torreon, Piedras Negras, Monclova, Ciudad Acuna, Arteaga, Derramadero
Dgo.: Durango, Gomez Palacio
Gto.: Leon, Silao, Irapuato, Celaya, Salamanca, Guanajuato, Apaseo el Grande
Hgo.: Pachuca, Tizayuca, Tula
Jal.: Guadalajara, Zapopan, Tlaquepaque, El Salto, Tlajomulco, Lagos de Moreno, Tonala
Mex.: Toluca, Cuautitlan Izcalli, Tepotzotlan, Tultitlan, Ecatepec, Tlalnepantla, Naucalpan, Lerma, Cuautitlan,
  Huehuetoca
Mich.: Morelia, Uruapan, Lazaro Cardenas
Mor.: Cuernavaca
N.L.: Monterrey, Apodaca, San Nicolas de los Garza, Guadalupe, Santa Catarina, Escobedo, General Escobedo,
  Cienega de Flores, Salinas Victoria, Garcia, Colombia, Pesqueria
Pue.: Puebla, Tehuacan, San Jose Chiapa
Qro.: Queretaro, San Juan del Rio, El Marques, Colon, Pedro Escobedo
S.L.P.: San Luis Potosi, Villa de Reyes, Matehuala, Ciudad Valles
Sin.: Culiacan, Mazatlan, Los Mochis
Son.: Nogales, Hermosillo, Ciudad Obregon, Guaymas, San Luis Rio Colorado, Agua Prieta, Empalme
Tamps.: Nuevo Laredo, Reynosa, Matamoros, Tampico, Altamira, Ciudad Victoria, Rio Bravo, Miguel Aleman, Camargo
Ver.: Veracruz, Xalapa, Coatzacoalcos, Orizaba, Cordoba
Yuc.: Merida, Progreso
Zac.: Zacatecas, Fresnillo
"""


def city_key(name: str) -> str:
    """A city's name for comparing, however it is written, but for accents: "ST LOUIS" of "St. Louis"."""
    return " ".join(name.replace(".", " ").replace("-", " ").upper().split())


def _known() -> Iterator[tuple[tuple[str, str], str]]:
    code = ""
    for line in _CITIES.strip().splitlines():
        cities = line
        if not line.startswith(" "):
            code, _, cities = line.partition(": ")
        yield from (((city_key(city), code), city) for city in cities.strip().rstrip(",").split(", "))


KNOWN = dict(_known())
"""Known cities, spelled as names: by name (as `city_key` makes it, without accents) and code of the state."""
KNOWN_NAMES = frozenset(name for name, _ in KNOWN)
MOST_WORDS = max(name.count(" ") for name in KNOWN_NAMES) + 1

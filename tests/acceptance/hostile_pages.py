"""Records whose texts try to be more than text: in HTML, SVG, CSS, templates, Mermaid, DOT and on terminals."""

from __future__ import annotations

from typing import Any

HOSTILE = (
    "<script>window.hacked=1;fetch('http://evil.example/')</script>",
    '"><img src="http://evil.example/x.png" onerror="window.hacked=1">',
    "' onload='window.hacked=1' x='",
    "]]></title></svg><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "</style><style>@import url(http://evil.example/x.css);body{display:none}",
    "{{7*7}}{% raw %}${7*7}<%= 7*7 %>#{7*7}",
    '%%{init: {"securityLevel": "loose"}}%%"] --> x; click n0 href "javascript:window.hacked=1"',
    '"]; n0 [URL="javascript:window.hacked=1"]; "\\N\\G\\',
    "end\nsubgraph x\n`markdown` <br/> &lt;b&gt; #quot; &#x3c;script&gt;",
    "\u202eevil\u2066 \x1b[31mred\x1b[0m \u200b&amp;",
    "x" * 3000,
)
SHIPMENT, TRUCK = "SHIP-LATE", "TRUCK-6520"


def hostile_records() -> list[dict[str, Any]]:
    """Each text as customer, carrier, status, city, stop, subject and body; and a truck and a shipment with gaps."""
    found: list[dict[str, Any]] = []
    for number, text in enumerate(HOSTILE):
        time = f"2025-10-19T08:{number:02}:00Z"
        found.append(
            {
                **{"shipmentId": f"SHIP-{number}", "customerName": f"Customer {text}", "status": f"held {text}"},
                **{"updatedAt": time, "statusTime": time, "carrierName": f"Carrier {text}", "notes": text},
                "origin": {"city": f"City {text}"[:120], "state": "IL"},
            }
        )
        found.append(message(f"MSG-{number}", text, f"{text} SHIP-{number} was delivered. {text}", time))
    for hour in (10, 11):
        found.append(
            {
                **{"vehicleId": TRUCK, "timestamp": f"2025-10-19T{hour}:00:00Z", "driverName": HOSTILE[1]},
                "location": {"latitude": 39.96 + hour / 10, "longitude": -83.0, "address": HOSTILE[0]},
            }
        )
    stops = [
        {"id": str(number), "type": "Delivery", "name": text[:200], "appointment": "2025-10-19T12:00:00Z"}
        for number, text in enumerate(HOSTILE)
    ]
    late = {"shipmentId": SHIPMENT, "customerName": HOSTILE[0], "carrierName": HOSTILE[8], "status": "in_transit"}
    found.append({**late, "updatedAt": "2025-10-19T08:00:00Z", "stops": stops})
    found.append(message("MSG-LATE", "x", f"{SHIPMENT} was delivered. {TRUCK} waits.", "2025-10-19T09:00:00Z"))
    return found


def message(name: str, subject: str, body: str, time: str) -> dict[str, Any]:
    ends = {"from": "dispatch@carrier.example", "to": ["ops@desk.example"]}
    return {"message_id": name, "subject": subject, "body": body, "timestamp": time, **ends}

"""What the farm may offer for a printer: Machine.capabilities.

Moving, heating and the speed were measured on the Raspberry Pi server; the printers' own firmware
has no such calls. Neither has raw G-code, fans in percent, or an emergency stop.
"""

from __future__ import annotations

from printers.prusalink.flavour import Server

_ALWAYS = frozenset({"pause", "stop", "upload"})
_PI = frozenset(
    {"home", "jog", "extrude", "temperature_nozzle", "temperature_bed", "speed_percent"}
)


def capabilities(server: Server) -> frozenset[str]:
    found = _ALWAYS | _PI if server.is_pi else _ALWAYS
    return found | {"camera_jpeg"} if server.camera else found

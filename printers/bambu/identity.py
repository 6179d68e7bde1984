"""A Bambu printer's certificate: its common name is the serial number (bambu-lan A2)."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from printers.lan.certificates import Certificate, Pin

NEWEST_TLS = ssl.TLSVersion.TLSv1_2
"""Resumed FTPS data sessions need it, and one context serves all ports."""


class WrongPrinter(Exception):
    """The certificate at this address belongs to another serial number."""

    def __init__(self, presented: Certificate) -> None:
        super().__init__(presented.common_name)
        self.presented = presented


class Identity(Pin):
    """One printer's pin. ``check`` raises WrongPrinter for another serial number."""

    def __init__(self, printer_id: str, serial: str, data_dir: Path) -> None:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", printer_id)
        path = data_dir / "certificates" / f"{name}-{serial}.pem"
        super().__init__(path, self._require_serial, NEWEST_TLS)
        self._serial = serial

    def _require_serial(self, presented: Certificate) -> None:
        if presented.common_name != self._serial:
            raise WrongPrinter(presented)

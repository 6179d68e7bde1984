"""Announcements of the simulated printers, to loopback only (bambu-lan A13).

A real printer broadcasts to port 2021 every five seconds. This sender knows one address, and that
address must lie in 127.0.0.0/8.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

INTERVAL_S = 5.0
PORT = 2021


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What one NOTIFY says. ``signal_dbm`` −30 … −95."""

    address: str
    serial: str
    model_code: str
    name: str
    version: str
    signal_dbm: int = -48


def notify_datagram(printer: Announcement) -> bytes:
    """The datagram of one printer, CRLF lines and a bare address as Location."""
    lines = (
        "NOTIFY * HTTP/1.1",
        "HOST: 239.255.255.250:1990",
        "Server: UPnP/1.0",
        f"Location: {printer.address}",
        "NT: urn:bambulab-com:device:3dprinter:1",
        "NTS: ssdp:alive",
        f"USN: {printer.serial}",
        "Cache-Control: max-age=1800",
        f"DevModel.bambu.com: {printer.model_code}",
        f"DevName.bambu.com: {printer.name}",
        f"DevSignal.bambu.com: {printer.signal_dbm}",
        "DevConnect.bambu.com: lan",
        "DevBind.bambu.com: free",
        "Devseclink.bambu.com: secure",
        "DevInf.bambu.com: wlan0",
        f"DevVersion.bambu.com: {printer.version}",
        "DevCap.bambu.com: 1",
        "",
        "",
    )
    return "\r\n".join(lines).encode("utf-8")


class SsdpSender:
    """Sends datagrams to one loopback address."""

    def __init__(self, port: int = PORT, address: str = "127.0.0.1") -> None:
        """Raises ValueError for an address that is not loopback."""
        if not ipaddress.ip_address(address).is_loopback:
            raise ValueError(f"announcements go to loopback only, not to {address}")
        self._target = (address, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, printer: Announcement) -> None:
        self._socket.sendto(notify_datagram(printer), self._target)

    def close(self) -> None:
        self._socket.close()

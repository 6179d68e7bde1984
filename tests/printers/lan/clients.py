"""Clients for servers on 127.0.0.1."""

from __future__ import annotations

from pathlib import Path

from core.config import PrinterConfig
from printers.lan.address import Address
from printers.lan.http_client import HttpClient
from printers.lan.trust import Trust


def client_of(
    port: int, folder: Path, *, scheme: str = "http", tls: str = ""
) -> tuple[HttpClient, Trust, Address]:
    url = f"{scheme}://127.0.0.1:{port}/prefix"
    config = PrinterConfig(id="oak", name="Oak", type="octoprint", model="MK3S", url=url, tls=tls)
    address = Address.parse(url, "Oak")
    trust = Trust(config, address, folder)
    return HttpClient("Oak", address, trust, headers=lambda: {"X-Api-Key": "k3y"}), trust, address

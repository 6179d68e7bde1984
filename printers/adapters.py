"""The only list of concrete adapters: ``type`` in the configuration -> who speaks to it."""

from __future__ import annotations

from collections.abc import Callable

from core.config import PrinterConfig
from printers.base import AdapterContext, Printer


def _bambu(config: PrinterConfig, context: AdapterContext) -> Printer:
    from printers.bambu.adapter import BambuPrinter  # paho is loaded only where it is needed

    return BambuPrinter(config, context)


ADAPTERS: dict[str, Callable[[PrinterConfig, AdapterContext], Printer]] = {
    "bambu": _bambu,
}

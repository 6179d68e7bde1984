"""The only list of concrete adapters: ``type`` in the configuration -> who speaks to it."""

from __future__ import annotations

from collections.abc import Callable

from core.config import PrinterConfig
from printers.base import AdapterContext, Printer


def _bambu(config: PrinterConfig, context: AdapterContext) -> Printer:
    from printers.bambu.adapter import BambuPrinter  # libraries are loaded where needed

    return BambuPrinter(config, context)


def _octoprint(config: PrinterConfig, context: AdapterContext) -> Printer:
    from printers.octoprint.adapter import OctoPrintPrinter

    return OctoPrintPrinter(config, context)


def _moonraker(config: PrinterConfig, context: AdapterContext) -> Printer:
    from printers.moonraker.adapter import MoonrakerPrinter

    return MoonrakerPrinter(config, context)


def _prusalink(config: PrinterConfig, context: AdapterContext) -> Printer:
    from printers.prusalink.adapter import PrusaLinkPrinter

    return PrusaLinkPrinter(config, context)


def _feed(config: PrinterConfig, context: AdapterContext) -> Printer:
    from printers.feed.adapter import FeedPrinter

    return FeedPrinter(config, context)


ADAPTERS: dict[str, Callable[[PrinterConfig, AdapterContext], Printer]] = {
    "bambu": _bambu,
    "octoprint": _octoprint,
    "moonraker": _moonraker,
    "prusalink": _prusalink,
    "feed": _feed,
}

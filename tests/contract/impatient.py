"""The adapters with shorter waits, for simulated servers only: real ones meet the real waits."""

from __future__ import annotations

from collections.abc import Callable

from core.config import PrinterConfig
from printers.bambu.adapter import BambuPrinter
from printers.bambu.watchdog import Timing as BambuTiming
from printers.base import AdapterContext, Printer
from printers.lan.backoff import Backoff
from printers.moonraker.adapter import MoonrakerPrinter
from printers.moonraker.client import Timing as MoonrakerTiming
from printers.octoprint.adapter import OctoPrintPrinter
from printers.octoprint.timing import Timing as OctoPrintTiming
from printers.prusalink.adapter import PrusaLinkPrinter
from printers.prusalink.rhythm import Rhythm

RETRY = (0.2, 0.6)
BAMBU = BambuTiming(
    tick=0.05,
    publish=0.2,
    connack=3.0,
    probe=0.6,
    first_again=0.5,
    first_report=3.0,
    active=(1.2, 2.5, 5.0),
    idle=(1.2, 2.5, 5.0),
    offline=4.0,
    dead=5.0,
    pushall_gap=0.8,
    hold=3.0,
    retry=RETRY,
    steady=1.0,
    proof=0.5,
)
OCTOPRINT = OctoPrintTiming(
    tick=0.2, first=4.0, ping=1.0, dead=5.0, stale=3.0, chore=1.0, poll=0.5, websocket_again=3.0
)
MOONRAKER = MoonrakerTiming(ask=1.0, silent=5.0, klipper_silent=6.0, publish=0.2, retry=RETRY)
PRUSALINK = Rhythm(active=0.3, idle=0.5, answer=2.6, storage=2.0)


def _bambu(config: PrinterConfig, context: AdapterContext) -> Printer:
    return BambuPrinter(config, context, BAMBU)


def _octoprint(config: PrinterConfig, context: AdapterContext) -> Printer:
    return OctoPrintPrinter(config, context, OCTOPRINT, Backoff(RETRY))


def _moonraker(config: PrinterConfig, context: AdapterContext) -> Printer:
    return MoonrakerPrinter(config, context, MOONRAKER)


def _prusalink(config: PrinterConfig, context: AdapterContext) -> Printer:
    return PrusaLinkPrinter(config, context, PRUSALINK, Backoff(RETRY))


FACTORIES: dict[str, Callable[[PrinterConfig, AdapterContext], Printer]] = {
    "bambu": _bambu,
    "octoprint": _octoprint,
    "moonraker": _moonraker,
    "prusalink": _prusalink,
}

"""Is the file of a kind this printer prints, and sliced for this model? (print-files 2.4)"""

from __future__ import annotations

from slicer import models
from slicer.gates.verdicts import CONFIRM, OK, REFUSE, WARN, PrinterFacts, Verdict
from slicer.printer_names import same_printer, says_nothing
from slicer.printfile import Plate

_KINDS = {
    "gcode.3mf": ("Bambu print files (.gcode.3mf)", "a Bambu print file"),
    "gcode": ("plain G-code (.gcode)", "plain G-code"),
    "bgcode": ("binary G-code (.bgcode)", "binary G-code"),
}
"""Kind -> what a printer prints, what a file is."""


def check_kind(kind: str, printer: PrinterFacts) -> Verdict:
    """wrong_kind (refuse), unknown_kind (confirm) or kind (ok)."""
    this = _KINDS.get(kind, ("", kind))[1]
    if not printer.kinds:
        return Verdict(
            CONFIRM,
            "unknown_kind",
            f"{printer.name} has not said what it prints; this is {this}. Check it yourself.",
        )
    if kind not in printer.kinds:
        prints = " and ".join(_KINDS.get(item, (item, ""))[0] for item in printer.kinds)
        return Verdict(
            REFUSE,
            "wrong_kind",
            f"{printer.name} prints {prints}; this is {this}. Slice it again for this printer.",
        )
    return Verdict(OK, "kind", f"{printer.name} prints {this}.")


def check_model_name(plate: Plate, printer: PrinterFacts) -> Verdict:
    """For makes without model ids: unknown_model or other_model (confirm), or model (ok).

    Names are compared leniently (printer_names), so a difference is a question, not a refusal.
    """
    wanted = [models.describe(code) for code in plate.models]
    if says_nothing(printer.model):
        return Verdict(
            CONFIRM,
            "unknown_model",
            f"The farm's configuration does not say which model {printer.name} is"
            + (f"; the file is sliced for {' and '.join(wanted)}." if wanted else ".")
            + " Check that they belong together.",
        )
    if not wanted:
        return Verdict(
            CONFIRM,
            "unknown_model",
            "The file does not say which printer it was sliced for. "
            f"Check that it is for {printer.name} ({printer.model}).",
        )
    fits = [same_printer(name, printer.model) for name in wanted]
    if all(fits):
        return Verdict(OK, "model", f"Sliced for {' and '.join(wanted)}.")
    return Verdict(
        CONFIRM,
        "unknown_model" if any(fits) else "other_model",
        f"The file is sliced for {' and '.join(wanted)}; {printer.name} is set up as "
        f"{printer.model}. Check that it may run there.",
    )


def check_model(plate: Plate, printer_code: str, printer_name: str = "") -> Verdict:
    """wrong_model (refuse), unknown_model (confirm), same_group (warn) or model (ok)."""
    shown = printer_name or "This printer"
    if not printer_code:
        return Verdict(
            CONFIRM, "unknown_model", f"{shown} has not said which model it is. Check it yourself."
        )
    if not plate.models:
        return Verdict(
            CONFIRM,
            "unknown_model",
            f"The file does not say which printer it was sliced for. Check that it is for "
            f"{_article(printer_code)}.",
        )
    sources = " and ".join(_article(code) for code in plate.models)
    fits = [code for code in plate.models if models.takes_gcode_of(printer_code, code)]
    if not fits:
        return Verdict(
            REFUSE,
            "wrong_model",
            f"The file is sliced for {sources}; {shown} is {_article(printer_code)}. "
            "Slice it again for this printer.",
        )
    return _fitting_model(plate, printer_code, shown, sources)


def _fitting_model(plate: Plate, printer_code: str, shown: str, sources: str) -> Verdict:
    if len(plate.models) > 1:
        return Verdict(
            CONFIRM,
            "unknown_model",
            f"The file names {sources}. Check that it is for {_article(printer_code)}.",
        )
    if len(plate.model_sources) < 2:
        return Verdict(
            CONFIRM,
            "unknown_model",
            f"Only one place in the file says that it is for {sources}. "
            f"Check that it is for {_article(printer_code)}.",
        )
    if not models.same_model(plate.models[0], printer_code):
        return Verdict(
            WARN,
            "same_group",
            f"The file is sliced for {sources}; {shown} is {_article(printer_code)}, "
            "which takes the same G-code.",
        )
    return Verdict(OK, "model", f"Sliced for {sources}.")


def _article(code: str) -> str:
    name = models.describe(code)
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"

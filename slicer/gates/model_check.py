"""Is the file of a kind this printer prints, and sliced for this model? (print-files 2.4)"""

from __future__ import annotations

from collections.abc import Sequence

from slicer import known_models, models
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
    """For makes without model ids: wrong_model (refuse), unknown_model or other_model (confirm),
    same_group (warn) or model (ok).

    Names are compared leniently (printer_names); two that are known to be different printers
    (known_models) are refused, any other difference is a question.
    """
    wanted = [models.describe(code) for code in plate.models]
    if says_nothing(printer.model):
        return _nameless(printer, wanted)
    if not wanted:
        return Verdict(
            CONFIRM,
            "unknown_model",
            "The file does not say which printer it was sliced for. "
            f"Check that it is for {printer.name} ({printer.model}).",
        )
    wrong = [name for name in wanted if _are_different(name, printer.model)]
    if wrong:
        return _wrong(_listed(wanted), _listed(wrong), printer.name, printer.model, len(wanted))
    fits = [same_printer(name, printer.model) for name in wanted]
    if all(fits):
        return Verdict(OK, "model", f"Sliced for {_listed(wanted)}.")
    if all(fit or _takes(name, printer.model) for fit, name in zip(fits, wanted, strict=True)):
        return Verdict(
            WARN,
            "same_group",
            f"The file is sliced for {_listed(wanted)}; {printer.name} is set up as "
            f"{printer.model}, which takes the same G-code.",
        )
    return Verdict(
        CONFIRM,
        "unknown_model" if any(fits) else "other_model",
        f"The file is sliced for {_listed(wanted)}; {printer.name} is set up as "
        f"{printer.model}. Check that it may run there.",
    )


def _nameless(printer: PrinterFacts, wanted: Sequence[str]) -> Verdict:
    sliced = f"; the file is sliced for {_listed(wanted)}." if wanted else "."
    return Verdict(
        CONFIRM,
        "unknown_model",
        f"The farm's configuration does not say which model {printer.name} is{sliced} "
        "Check that they belong together.",
    )


def _are_different(name: str, mine: str) -> bool:
    """Both are printers the farm knows, and not the same."""
    other, own = known_models.row_of(name), known_models.row_of(mine)
    return other is not None and own is not None and other != own


def _takes(name: str, mine: str) -> bool:
    """Two names that stand in one row, neither with more tools than its row tells of."""
    row = known_models.row_of(name)
    same_row = row is not None and row == known_models.row_of(mine)
    return same_row and known_models.is_named(name) and known_models.is_named(mine)


def check_model(plate: Plate, printer_code: str, printer_name: str = "") -> Verdict:
    """wrong_model (refuse), unknown_model (confirm), same_group (warn) or model (ok).

    Every place in the file must name a model whose G-code this printer takes (print-files 0.4).
    """
    shown = printer_name or "This printer"
    if not printer_code:
        return Verdict(
            CONFIRM, "unknown_model", f"{shown} has not said which model it is. Check it yourself."
        )
    mine = _article(printer_code)
    if not plate.models:
        return Verdict(
            CONFIRM,
            "unknown_model",
            f"The file does not say which printer it was sliced for. Check that it is for {mine}.",
        )
    sources = _listed([_article(code) for code in plate.models])
    wrong = [code for code in plate.models if not models.takes_gcode_of(printer_code, code)]
    if wrong:
        named = _listed([_article(code) for code in wrong])
        return _wrong(sources, named, shown, mine, len(plate.models))
    return _fitting_model(plate, printer_code, shown, sources)


def _wrong(sources: str, wrong: str, shown: str, mine: str, count: int) -> Verdict:
    if count == 1 or wrong == sources:
        text = f"The file is sliced for {sources}; {shown} is {mine}."
    else:
        text = (
            f"The file contradicts itself: it names {sources}. {shown} is {mine} and does not "
            f"take what is sliced for {wrong}."
        )
    return Verdict(REFUSE, "wrong_model", f"{text} Slice it again for this printer.")


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


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)

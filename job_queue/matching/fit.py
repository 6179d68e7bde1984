"""What fits where: the dialog's rows and the refusals of a start, from the same functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import BadRequest, Blocked, Unusable
from printers import safety
from printers.registry import Snapshot
from printers.status import Heater, PrinterStatus, Tray
from slicer.bounds.result import PlateBounds
from slicer.gates import filament_mapping as filaments
from slicer.gates import filament_wishes
from slicer.gates.compatibility import (
    CONFIRM,
    OK,
    REFUSE,
    WARN,
    PrinterFacts,
    Verdict,
    check_plate,
    worst,
)
from slicer.gates.filament_wishes import FilamentWish
from slicer.gates.limits import MachineLimits, limits_of
from slicer.printfile import Filament, Plate, PrintFile

OPTIONS = frozenset(
    {"bed_leveling", "flow_cali", "vibration_cali", "layer_inspect", "timelapse", "use_ams"}
)
CONFIRM_ALL = "all"
NOT_OURS = "feed"
"""Code of the verdict on a printer that another farm owns (printers/rules.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilamentFit:
    """One filament of the plate and the tray it would come from."""

    filament: int  # project slot, 1-based
    slot: str | None
    index: int | None  # the tray's number, what ams_mapping carries
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterFit:
    """One printer's row in the dialog."""

    printer_id: str
    ok: bool  # a start would be taken, once what needs a yes has one
    level: str  # ok, warn, confirm, refuse: the worst of all
    verdicts: tuple[Verdict, ...]
    mapping: tuple[FilamentFit, ...]
    ams_mapping: tuple[int, ...]  # per project filament: tray index, -1 = unused


def with_state(fit: PrinterFit, snapshot: Snapshot, monotonic_now: float) -> PrinterFit:
    """The fit with what the printer's state says to a start now."""
    gate = safety.gates(snapshot, monotonic_now)["start"]
    if gate.ok or gate.code == NOT_OURS:  # then the fit says it already
        return fit
    verdicts = (Verdict(REFUSE, gate.code, gate.why), *fit.verdicts)
    return replace(fit, ok=False, level=REFUSE, verdicts=verdicts)


def being_read(fit: PrinterFit, file_name: str) -> PrinterFit:
    """The fit while nobody knows yet where the file's moves go: it waits."""
    text = (
        f"The farm is still reading where the moves of {file_name} go. Try again in a few seconds."
    )
    verdicts = (*fit.verdicts, Verdict(REFUSE, "being_read", text))
    return replace(fit, ok=False, level=REFUSE, verdicts=verdicts)


def fit_file(
    file: PrintFile,
    plate: int,
    status: PrinterStatus,
    *,
    bounds: PlateBounds | None = None,
    build_plate: str = "",
    ams_mapping: Sequence[int] | None = None,
    options: Mapping[str, bool] | None = None,
    wishes: Sequence[FilamentWish] = (),
) -> PrinterFit:
    """All that speaks for and against the file but the printer's state, which the last look
    repeats. ``bounds``: where the plate's moves go, None while that is not known.
    ``build_plate``: what lies on the bed, as far as the farm was told. ``wishes``: what a person
    wants it made of."""
    if status.shown_only:
        return _of_another_farm(status)
    facts = replace(facts_of(status), bed_type=build_plate)
    verdicts = check_plate(file, plate, facts, bounds=bounds, limits=limits_for(facts, status))
    chosen = file.plate(plate)
    mapping = None
    if chosen is not None and not _is_wrong_kind(verdicts):
        chosen = filament_wishes.wished(chosen, wishes)
        if not file.takes_mapping:
            asked = CONFIRM if wishes else WARN
            verdicts = (*verdicts, *_without_mapping(chosen, status, ams_mapping, asked))
        if file.takes_mapping or status.trays():
            wanted = ams_mapping if file.takes_mapping else None
            mapping = _mapping(file, chosen, status, wanted, options or {}, wishes)
    choices = mapping.choices if mapping else ()
    level = worst([*verdicts, *(choice.verdict for choice in choices)])
    return PrinterFit(
        printer_id=status.printer_id,
        ok=level != REFUSE,
        level=level,
        verdicts=verdicts,
        mapping=tuple(
            FilamentFit(
                filament=choice.filament.index,
                slot=choice.tray.slot if choice.tray else None,
                index=choice.tray.index if choice.tray else None,
                verdict=choice.verdict,
            )
            for choice in choices
        ),
        ams_mapping=_numbers(mapping) if file.takes_mapping else (),
    )


def _of_another_farm(status: PrinterStatus) -> PrinterFit:
    why = status.lock.text if status.lock else f"{status.name} belongs to another farm."
    verdict = Verdict(REFUSE, NOT_OURS, why)
    return PrinterFit(
        printer_id=status.printer_id, ok=False, level=REFUSE, verdicts=(verdict,), mapping=(),
        ams_mapping=(),
    )  # fmt: skip


def _is_wrong_kind(verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.code == "wrong_kind" for verdict in verdicts)


def _without_mapping(
    plate: Plate, status: PrinterStatus, ams_mapping: Sequence[int] | None, level: str
) -> tuple[Verdict, ...]:
    """Plain G-code picks its tools itself, and a printer without trays cannot say what it holds.
    ``level``: of that; where somebody wants a certain filament, somebody has to look."""
    if ams_mapping:
        text = "Plain G-code takes no filament mapping: its tools are in the file."
        return (Verdict(REFUSE, "no_mapping", text),)
    if status.trays():
        return ()
    needs = filaments.needs(plate)
    if not needs:
        text = "The file does not say which filament it needs. Look at what is loaded."
    else:
        text = f"Needs {needs}; {status.name} cannot tell what is loaded."
    return (Verdict(level, "filament_not_known", text),)


def facts_of(status: PrinterStatus) -> PrinterFacts:
    """A printer as the file checks want to know it."""
    machine = status.machine
    # the left one first, as print files have it
    nozzles = sorted(status.nozzles, key=lambda nozzle: nozzle.name, reverse=True)
    return PrinterFacts(
        name=status.name,
        code=machine.code,
        model=machine.name,
        kinds=machine.file_kinds,
        nozzles_mm=tuple(nozzle.diameter_mm for nozzle in nozzles),
        nozzle_types=tuple(nozzle.type for nozzle in nozzles),
        volume_mm=machine.volume_mm,
        flavour=_flavour(status),
    )


_FLAVOURS = {"bambu": "Bambu", "moonraker": "Klipper", "prusalink": "Prusa"}


def _flavour(status: PrinterStatus) -> str:
    """What G-code its firmware speaks; "" when OctoPrint has not heard what it drives."""
    machine = status.machine
    if machine.file_kinds == ("gcode.3mf",):
        return "Bambu"
    firmware = machine.firmware.casefold()
    heard = next((name for name in ("Klipper", "Marlin") if name.casefold() in firmware), "")
    return _FLAVOURS.get(status.kind, heard)


def limits_for(facts: PrinterFacts, status: PrinterStatus) -> MachineLimits:
    """Space and heat. A printer whose model nobody knows has only guesses for its heaters."""
    known = bool(status.machine.name or status.machine.volume_mm)
    heaters = status.heaters if known else ()
    chamber = next((heater for heater in heaters if heater.name == "chamber"), None)
    return limits_of(
        facts,
        nozzle_max_c=_lowest(heaters, "nozzle"),
        bed_max_c=_lowest(heaters, "bed"),
        chamber_max_c=(chamber.maximum or 0) if chamber else None,
        centred=status.machine.centred,
    )


def _lowest(heaters: Sequence[Heater], part: str) -> float | None:
    """The lowest maximum of the part ("nozzle" is one of several), None when none is known."""
    own = [heater for heater in heaters if heater.name.rstrip("0123456789") == part]
    return min((heater.maximum for heater in own if heater.maximum is not None), default=None)


def trays_of(status: PrinterStatus, *, use_ams: bool = True) -> list[filaments.LoadedTray]:
    """Every place a filament can come from; without ``use_ams`` only external spools."""
    inside = [(tray, unit.nozzle) for unit in status.ams for tray in unit.trays] if use_ams else []
    return [
        *(_loaded(tray, external=False, nozzle=nozzle) for tray, nozzle in inside),
        *(_loaded(tray, external=True, nozzle="") for tray in status.external),
    ]


def _loaded(tray: Tray, *, external: bool, nozzle: str) -> filaments.LoadedTray:
    if external:
        side = tray.slot.rsplit(" ", 1)[-1]
        nozzle = {"L": "left", "R": "right"}.get(side, "")
    return filaments.LoadedTray(
        slot=tray.slot,
        index=tray.index,
        type=tray.type,
        color=tray.color,
        remain=tray.remain,
        grams=tray.grams,
        external=external,
        empty=tray.empty,
        nozzle=nozzle,
    )


def _mapping(
    file: PrintFile,
    plate: Plate,
    status: PrinterStatus,
    wanted: Sequence[int] | None,
    options: Mapping[str, bool],
    wishes: Sequence[FilamentWish],
) -> filaments.Mapping:
    trays = trays_of(status, use_ams=options.get("use_ams", True))
    found = _free_mapping(file, plate, status, wanted, trays, wishes)
    if not wishes:
        return found
    choices = [_wished(choice, trays, wishes, status.name) for choice in found.choices]
    return replace(found, choices=tuple(choices))


def _wished(
    choice: filaments.Choice,
    trays: Sequence[filaments.LoadedTray],
    wishes: Sequence[FilamentWish],
    printer: str,
) -> filaments.Choice:
    """With what the wish about this filament says to the tray it would come from."""
    filament, tray, verdict = choice.filament, choice.tray, choice.verdict
    wish = filament_wishes.wish_for(wishes, filament.index)
    if wish is None or (tray is None and verdict.level == CONFIRM):
        return choice
    answer = False if tray is None else filament_wishes.meets(wish, filament, tray)
    needs = filament_wishes.need_of(filament, wish).text
    if answer is False:
        loaded = filament_wishes.loaded_words(trays)
        text = f"Needs {needs}; {printer} has {loaded} loaded."
        return replace(choice, verdict=Verdict(REFUSE, "filament_not_loaded", text))
    if answer is None and verdict.level in (OK, WARN) and tray is not None:
        text = f"Needs {needs}; the printer does not know what is in {tray.slot}. Look at it."
        return replace(choice, verdict=Verdict(CONFIRM, "unknown_filament", text))
    return choice


def _free_mapping(
    file: PrintFile,
    plate: Plate,
    status: PrinterStatus,
    wanted: Sequence[int] | None,
    trays: Sequence[filaments.LoadedTray],
    wishes: Sequence[FilamentWish],
) -> filaments.Mapping:
    """A person's own mapping, the tray that was chosen at the printer, or the best one."""

    def allowed(filament: Filament, tray: filaments.LoadedTray) -> bool:
        wish = filament_wishes.wish_for(wishes, filament.index)
        return wish is None or filament_wishes.meets(wish, filament, tray) is not False

    count = file.filament_count
    if wanted is not None:
        return filaments.check_mapping(plate, count, trays, wanted)
    chosen = next((tray for tray in trays if tray.slot == status.next_tray), None)
    if chosen is not None and plate.filaments and not allowed(plate.filaments[0], chosen):
        chosen = None
    if chosen is not None and len(plate.filaments) == 1:
        numbers = [-1] * max(count, plate.filaments[0].index)
        numbers[plate.filaments[0].index - 1] = chosen.index
        by_person = filaments.check_mapping(plate, len(numbers), trays, numbers)
        if worst(by_person.verdicts) in ("ok", WARN):
            return by_person
    return filaments.propose_mapping(plate, count, trays, allowed)


def _numbers(mapping: filaments.Mapping | None) -> tuple[int, ...]:
    """Tray indices per project filament, external spools by their own number (254, 255)."""
    if mapping is None:
        return ()
    numbers = [-1] * len(mapping.ams_mapping)
    for choice in mapping.choices:
        if choice.tray is not None:
            numbers[choice.filament.index - 1] = choice.tray.index
    return tuple(numbers)


# -- what stops a start ------------------------------------------------------------------------


def check_request(
    printer: str, ams_mapping: Sequence[int] | None, options: Mapping[str, bool]
) -> None:
    """Raises BadRequest for numbers and option names that mean nothing on any printer."""
    unknown = sorted(set(options) - OPTIONS)
    if unknown:
        raise BadRequest(
            f"{printer}: there is no option {unknown[0]!r}. Known are {', '.join(sorted(OPTIONS))}."
        )
    for index in ams_mapping or ():
        if not (-1 <= index <= 15 or 128 <= index <= 135 or index in (254, 255)):
            raise BadRequest(f"{printer}: {index} is not the number of a filament slot.")


def require_start(fit: PrinterFit, confirm: Collection[str]) -> None:
    """Raises Unusable for what never fits, Blocked for what still needs a person's yes."""
    verdicts = [*fit.verdicts, *(item.verdict for item in fit.mapping)]
    for verdict in verdicts:
        if verdict.level == REFUSE:
            raise Unusable(verdict.text, code=verdict.code, details=_details(fit))
    if CONFIRM_ALL in confirm:
        return
    open_questions = [v for v in verdicts if v.level == CONFIRM and v.code not in confirm]
    if open_questions:
        codes = list(dict.fromkeys(verdict.code for verdict in open_questions))
        raise Blocked(
            " ".join(dict.fromkeys(verdict.text for verdict in open_questions)),
            code="confirm_needed",
            details={**_details(fit), "confirm": codes},
        )


def answered(fit: PrinterFit, confirm: Collection[str]) -> tuple[str, ...]:
    """The codes that were said yes to: what is asked for the first time later on is not."""
    if CONFIRM_ALL not in confirm:
        return tuple(sorted(confirm))
    verdicts = [*fit.verdicts, *(item.verdict for item in fit.mapping)]
    asked = {verdict.code for verdict in verdicts if verdict.level == CONFIRM}
    return tuple(sorted(asked | set(confirm) - {CONFIRM_ALL}))


def _details(fit: PrinterFit) -> dict[str, str]:
    return {"printer_id": fit.printer_id}

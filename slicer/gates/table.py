"""Every check of a print file against a printer, in the order in which they are made.

``python -m slicer.gates.table`` writes docs/gates.md from it. What the printer's state says to a
start stands before all of these (printers.safety).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from slicer.gates.verdicts import CONFIRM, OK, REFUSE, WARN


@dataclass(frozen=True, slots=True)
class Gate:
    """One check. ``verdicts``: all (level, code) that it can answer with."""

    name: str
    asks: str
    verdicts: tuple[tuple[str, str], ...]


GATES: tuple[Gate, ...] = (
    Gate("plate", "Does the file have this plate?", ((REFUSE, "no_plate"),)),
    Gate(
        "kind",
        "Does the printer print files of this kind (.gcode.3mf, .gcode, .bgcode)?",
        ((REFUSE, "wrong_kind"), (CONFIRM, "unknown_kind")),
    ),
    Gate(
        "model",
        "Does every place in the file name a model whose G-code this printer takes?",
        (
            (REFUSE, "wrong_model"), (CONFIRM, "unknown_model"), (CONFIRM, "other_model"),
            (WARN, "same_group"), (OK, "model"),
        ),
    ),
    Gate(
        "flavour",
        "Is the G-code written for the printer's firmware?",
        ((REFUSE, "wrong_flavour"), (CONFIRM, "other_flavour"), (OK, "flavour")),
    ),
    Gate(
        "nozzle",
        "Has every nozzle the diameter the file was sliced for?",
        ((REFUSE, "wrong_nozzle"), (WARN, "unknown_nozzle"), (OK, "nozzle")),
    ),
    Gate(
        "hardness",
        "Is the nozzle hard enough for an abrasive filament?",
        ((CONFIRM, "soft_nozzle"), (WARN, "unknown_nozzle_type"), (OK, "nozzle_type")),
    ),
    Gate(
        "scan",
        "Could the farm follow the moves to their end, and do they lay down a model?",
        ((REFUSE, "nonsense_number"), (CONFIRM, "scan_incomplete"), (CONFIRM, "no_model")),
    ),
    Gate(
        "bed",
        "Does the model lie on the bed? (A warning where only its first layer is known.)",
        (
            (REFUSE, "off_bed"), (CONFIRM, "off_bed"), (WARN, "unknown_bed"), (OK, "on_bed"),
        ),
    ),
    Gate("corner", "Does it leave the printer's own corner free?", ((WARN, "excluded_area"),)),
    Gate(
        "height",
        "Is it below the roof and above the bed?",
        ((REFUSE, "too_tall"), (CONFIRM, "below_bed"), (OK, "height")),
    ),
    Gate(
        "priming",
        "Do start and end code lay down filament near the bed?",
        ((CONFIRM, "priming_off_bed"),),
    ),
    Gate("travel", "Do all moves end near the bed?", ((CONFIRM, "far_travel"),)),
    Gate(
        "nozzle heat",
        "Does the nozzle stay within the printer's highest temperature?",
        ((REFUSE, "nozzle_too_hot"), (OK, "nozzle_heat")),
    ),
    Gate(
        "bed heat",
        "Does the bed?",
        ((REFUSE, "bed_too_hot"), (OK, "bed_heat")),
    ),
    Gate(
        "chamber heat",
        "Does the chamber, and can it be heated?",
        ((REFUSE, "chamber_too_hot"), (WARN, "no_chamber_heater"), (OK, "chamber_heat")),
    ),
    Gate(
        "dangers",
        "Are there commands that change the printer itself? (A warning in the slicer's own start, "
        "end and custom code, unless they run programs, replace the firmware, touch other files or "
        "move the zero.)",
        ((CONFIRM, "dangerous_gcode"), (WARN, "dangerous_gcode")),
    ),
    Gate("inches", "Are all moves in millimetres?", ((WARN, "inches"),)),
    Gate("end", "Is the printer put to rest behind the model?", ((WARN, "no_end"),)),
    Gate(
        "size as told",
        "While the moves are not read, or not to their end: do the slicer's own height and "
        "footprint fit?",
        (
            (REFUSE, "too_tall"), (WARN, "unknown_height"), (OK, "height"), (WARN, "off_bed"),
            (OK, "footprint"),
        ),
    ),
    Gate(
        "reach",
        "Of two nozzles, does the only one that prints reach the whole model?",
        ((REFUSE, "out_of_reach"),),
    ),
    Gate(
        "bed type",
        "Does the build plate lie on the printer that the file was sliced for?",
        ((WARN, "other_bed_type"), (OK, "bed_type")),
    ),
    Gate(
        "notes",
        "What do the reader and the slicer warn of, and are the filaments named?",
        ((CONFIRM, "unknown_filament"), (WARN, "file_warning")),
    ),
    Gate(
        "spool",
        "Plain G-code: does it want a mapping, and what must be loaded?",
        ((REFUSE, "no_mapping"), (WARN, "filament_not_known")),
    ),
    Gate("reading", "Has the farm read where the moves go?", ((REFUSE, "being_read"),)),
    Gate(
        "filaments",
        "For every filament: does its tray hold this material, enough of it, in this colour?",
        (
            (REFUSE, "mapping_length"), (REFUSE, "no_tray"), (REFUSE, "nothing_loaded"),
            (REFUSE, "wrong_nozzle_side"), (CONFIRM, "unknown_filament"),
            (REFUSE, "wrong_material"), (WARN, "not_enough"), (WARN, "other_color"),
            (WARN, "mixed_external"), (OK, "match"),
        ),
    ),
)  # fmt: skip


def as_markdown() -> str:
    """docs/gates.md."""
    lines = [
        "# Gates",
        "",
        "What is checked before a file is started, in this order, from `slicer/gates/table.py`. "
        "The same verdicts feed the dialog, a start by the API, the last look before the printer "
        "is told to print, and the queue.",
        "",
        "- **ok**: looked at and fine. **warn**: told, nothing is asked.",
        "- **confirm**: waits for a person's yes to its code. For `unknown_model`, `other_model`, "
        "`unknown_kind` and `other_flavour` the yes is kept for this file on this printer, until "
        "the printer is another model.",
        "- **refuse**: never started, whatever is confirmed.",
        "",
        "| Check | Question | refuse | confirm | warn | ok |",
        "|---|---|---|---|---|---|",
    ]
    for gate in GATES:
        columns = [
            ", ".join(f"`{code}`" for level, code in gate.verdicts if level == wanted)
            for wanted in (REFUSE, CONFIRM, WARN, OK)
        ]
        lines.append(f"| {gate.name} | {gate.asks} | {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())

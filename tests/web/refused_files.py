"""Five files that must never be printed where they are offered, with the sentence that says why.

For every test that offers files: the dialog, the API and the dispatcher say the same words.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace

from printers.status import Machine, PrinterStatus
from simulator.plain_gcode import build_gcode
from simulator.plates import build_gcode_3mf

_PLATE = "Metadata/plate_1.gcode"
_X = re.compile(r"(?<= X)(\d+\.\d+)(?= Y\d+\.\d+)")


@dataclass(frozen=True, kw_only=True)
class RefusedFile:
    """``build`` makes its bytes; ``sentence`` has {printer} where the printer's name stands."""

    name: str
    build: Callable[[], bytes]
    code: str
    sentence: str
    printer: tuple[str, str] = ("C12", "P1S")  # model id and name of the printer it is offered to

    def says(self, printer_name: str) -> str:
        return self.sentence.format(printer=printer_name)

    def machine(self, status: PrinterStatus) -> Machine:
        """The printer it is offered to: PLA in every slot, a 0.4 mm nozzle, idle."""
        code, name = self.printer
        return replace(status.machine, code=code, name=name)


def with_gcode(container: bytes, gcode: bytes) -> bytes:
    """The container with another plate 1, its checksum made right."""
    digest = hashlib.md5(gcode, usedforsecurity=False).hexdigest().upper().encode()
    changed = {_PLATE: gcode, f"{_PLATE}.md5": digest}
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(container)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for item in old.namelist():
            new.writestr(item, changed.get(item, old.read(item)))
    return out.getvalue()


def moved_right(container: bytes, millimetres: float) -> bytes:
    """The same plate with its model elsewhere on the bed; start code and summary stay."""
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        text = archive.read(_PLATE).decode()
    start, mark, model = text.partition("; CHANGE_LAYER")
    moved = _X.sub(lambda match: f"{float(match[1]) + millimetres:.2f}", model)
    return with_gcode(container, (start + mark + moved).encode())


def _plate(**options: object) -> bytes:
    return build_gcode_3mf(**{"model": "P1S", "name": "gear", **options})  # type: ignore[arg-type]


REFUSED = (
    RefusedFile(
        name="An A1 file offered to an X1C",
        build=lambda: _plate(model="A1"),
        printer=("BL-P001", "X1C"),
        code="wrong_model",
        sentence="The file is sliced for a Bambu Lab A1; {printer} is a Bambu Lab X1 Carbon. "
        "Slice it again for this printer.",
    ),
    RefusedFile(
        name="An MK3S G-code labelled as P1S",
        build=lambda: with_gcode(_plate(), build_gcode(model="MK3S", slicer="prusa")),
        code="wrong_model",
        sentence="The file contradicts itself: it names a Bambu Lab P1S and a MK3S. {printer} is "
        "a Bambu Lab P1S and does not take what is sliced for a MK3S. "
        "Slice it again for this printer.",
    ),
    RefusedFile(
        name="A 0.6 mm nozzle's file on 0.4 mm",
        build=lambda: _plate(nozzle=0.6),
        code="wrong_nozzle",
        sentence="The file needs a 0.6 mm nozzle; {printer} has 0.4 mm. "
        "Change the nozzle or slice the file again.",
    ),
    RefusedFile(
        name="A file over the edge of the bed",
        build=lambda: moved_right(_plate(), 100.0),
        code="off_bed",
        sentence="The model reaches beyond the bed: it lies at X 173.3 to 282.7, Y 73.3 to "
        "182.7 mm; the bed of {printer} is 256 × 256 mm. Slice it again for this printer.",
    ),
    RefusedFile(
        name="PETG wanted where PLA is loaded",
        build=lambda: _plate(filaments=[("PETG", "2A6FD0", 12.3)]),
        code="wrong_material",
        sentence="Needs blue PETG; loaded are A1 PLA, A2 PLA, A3 PLA, A4 PLA.",
    ),
)

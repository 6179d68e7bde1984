"""Every hostile or broken file that the farm is tested against, in one registry."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import FarmError
from tests.slicer import hostile_archives, hostile_bgcode, hostile_gcode, hostile_models
from tests.slicer.conftest import make_png, sliced_parts, zip_bytes

MEMORY_BYTES = 64 * 1024 * 1024
"""What reading any of them may cost beside the interpreter (print-files 6)."""
SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Case:
    """One file."""

    group: str
    name: str
    make: Callable[[], bytes]
    code: str
    error: type[FarmError]

    @property
    def id(self) -> str:
        return f"{self.group}: {self.name}"

    @property
    def is_model(self) -> bool:
        """To be read where slicing is switched on."""
        return self.group == "model"


def _archives() -> list[Case]:
    return [
        Case("zip", name, functools.partial(make, sliced_parts, zip_bytes, make_png), code, error)
        for name, (make, code, error) in hostile_archives.CASES.items()
    ]


CASES: tuple[Case, ...] = (
    *_archives(),
    *(
        Case(group, name, *case)
        for group, cases in (
            ("text", hostile_gcode.CASES),
            ("bgcode", hostile_bgcode.CASES),
            ("model", hostile_models.CASES),
        )
        for name, case in cases.items()
    ),
)

SAME_ATTACK = {
    "bad_json": "JSON that a parser gives up on",
    "bad_xml": "a document type, plain or behind another encoding",
    "bgcode_block_too_large": "a header that claims 4 GB, unpacked or packed",
    "bgcode_no_gcode": "nothing but what describes a print",
    "bgcode_order": "blocks that do not stand where printers want them",
    "bgcode_ratio": "a bomb, by either method of packing",
    "bgcode_unpack": "packed data that is not what its header says",
    "compression_method": "a packing method that no 3MF has",
    "compression_ratio": "a bomb, wherever it lies",
    "empty_plate": "a file that prints nothing; the long ones are after the reader's time",
    "entry_name_control": "a control character in a name",
    "entry_name_parent": "a name that climbs out of the archive",
    "gcode_binary": "bytes between the lines",
    "gcode_line_too_long": "a line without an end",
    "gcode_only_comments": "no command at all",
    "model_unreadable": "a model that ends too early, or is no sound XML",
    "not_a_print_file": "anything else under a print file's name",
    "overlap": "entries that share bytes",
    "plate_number": "a plate number that no printer takes",
    "too_many_entries": "more entries than any slicer writes",
    "truncated": "a file cut short",
    "web_page": "a page instead of the file",
    "xml_too_complex": "XML that grows in memory, deep or wide",
}
"""Code -> what its cases have in common. All others differ by their code or their sentence."""

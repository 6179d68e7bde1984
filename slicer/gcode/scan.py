"""One bounded pass over a plain G-code file: is it text, is it whole, does it print anything?

Memory: HEAD_BYTES + TAIL_BYTES and one chunk, whatever the file's size (print-files 6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import TooLarge, Unusable

CHUNK_BYTES = 256 * 1024
HEAD_BYTES = 4 * 1024 * 1024  # previews lie here too
TAIL_BYTES = 1024 * 1024  # PrusaSlicer and OrcaSlicer write their settings last
MAX_LINE_BYTES = 1024 * 1024  # PrusaSlicer's objects_info is one line
MAX_LINES = 20_000_000
_MAX_HEIGHTS = 200_000

_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\v\f\r") + b"\x7f"
_LAYER_MARKS = (b"\n;LAYER_CHANGE", b"\n; CHANGE_LAYER", b"\n;LAYER:", b"\n; layer ")
_NO_LAYER = (b"\n; layer num", b"\n; layer end")  # Bambu Studio's progress, Simplify3D's end
_FIRST_LAYER = re.compile(rb"\n;(?:LAYER_CHANGE|LAYER:| CHANGE_LAYER| layer )")
_HEIGHT = re.compile(
    rb"\n;Z:(\d{1,5}(?:\.\d{0,6})?)|\n; layer \d{1,7}, Z = (\d{1,5}(?:\.\d{0,6})?)"
)
_COMMAND = re.compile(rb"\n[ \t]*[A-Za-z]")
_EXTRUDING = re.compile(
    rb"\nG0{0,3}[0-3](?![0-9.])(?=[^\n;]{0,200}[XYIJ])[^\n;]{0,200}?E\+?0{0,9}\.?0{0,9}[1-9]"
)
"""A move along the bed that pushes filament out; priming and retracting in place are none."""


@dataclass(slots=True)
class GcodeScan:
    """What a plain G-code file is made of."""

    head: str = ""
    """Its first HEAD_BYTES; this and ``tail`` begin every line with a line feed."""
    tail: str = ""  # of a longer file its last TAIL_BYTES (they may overlap)
    size_bytes: int = 0
    lines: int = 0
    layers: int = 0  # marks counted, 0 = the slicer writes none
    top_mm: float | None = None  # highest layer mark that tells its height
    has_commands: bool = False
    extrudes: bool = False  # behind the first layer mark, when there are any
    cut_line: str = ""  # a last command without a line end

    @property
    def text(self) -> str:
        """All that is looked at for values."""
        return self.head + self.tail


@dataclass(slots=True)
class _Counter:
    """What must be seen in every line of the file."""

    name: str
    marks: list[int] = field(default_factory=lambda: [0] * len(_LAYER_MARKS))
    lines: int = 0
    heights: int = 0
    top: float = 0.0
    commands: bool = False
    extrudes_early: bool = False
    started: bool = False
    extrudes: bool = False

    def feed(self, block: bytes) -> None:
        """Whole lines, each with the line feed before it."""
        if len(block.translate(None, _CONTROL)) != len(block):
            raise Unusable(
                f"{self.name} is damaged: there is binary data between its lines. "
                "Export it from the slicer again.",
                code="gcode_binary",
            )
        self.lines += block.count(b"\n")
        if self.lines > MAX_LINES:
            raise TooLarge(
                f"{self.name} has more than {MAX_LINES // 1_000_000} million lines, "
                "more than the farm reads.",
                code="gcode_too_many_lines",
            )
        self._count_layers(block)
        self.commands = self.commands or _COMMAND.search(block) is not None
        self._look_for_extrusion(block)

    def _count_layers(self, block: bytes) -> None:
        for at, mark in enumerate(_LAYER_MARKS):
            self.marks[at] += block.count(mark)
        self.marks[-1] -= sum(block.count(other) for other in _NO_LAYER)
        if self.heights < _MAX_HEIGHTS:
            found = [float(first or second) for first, second in _HEIGHT.findall(block)]
            self.heights += len(found)
            self.top = max([self.top, *found])

    def _look_for_extrusion(self, block: bytes) -> None:
        if self.extrudes:
            return
        start = 0
        if not self.started:
            mark = _FIRST_LAYER.search(block)
            start = mark.start() if mark else len(block)
            self.started = mark is not None
            if not self.extrudes_early:
                self.extrudes_early = _EXTRUDING.search(block, 0, start) is not None
        self.extrudes = _EXTRUDING.search(block, start) is not None


def scan(path: Path, name: str) -> GcodeScan:
    """Read the file once. Raises Unusable or TooLarge; ``name`` is for their sentences."""
    return scan_chunks(_file_chunks(path), name)


def scan_chunks(chunks: Iterable[bytes], name: str) -> GcodeScan:
    """The same for text that comes from elsewhere; its lines may be cut anywhere."""
    counter = _Counter(name)
    found = GcodeScan()
    head, tail = bytearray(), bytearray()
    last = b""
    for block in _blocks(chunks, name):
        counter.feed(block)
        found.size_bytes += len(block)
        head += block[: max(0, HEAD_BYTES - len(head))]
        tail += block
        del tail[:-TAIL_BYTES]
        last = block
    found.head = head.decode("utf-8", "replace")
    found.tail = _from_line_start(tail) if found.size_bytes > HEAD_BYTES else ""
    found.lines = counter.lines
    found.layers = max(0, *counter.marks)
    found.top_mm = counter.top or None
    found.has_commands = counter.commands
    found.extrudes = counter.extrudes if counter.started else counter.extrudes_early
    found.cut_line = _cut_line(last)
    return found


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield file.read(CHUNK_BYTES).removeprefix(b"\xef\xbb\xbf")
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _blocks(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Pieces of whole lines, each line with the line feed that comes before it."""
    rest = b"\n"
    for chunk in chunks:
        text = rest + chunk
        end = text.rfind(b"\n")
        if end > 0:
            yield text[:end]
        rest = text[end:]
        if len(rest) > MAX_LINE_BYTES:
            raise TooLarge(
                f"{name} has a line of more than 1 MB; no slicer writes that. "
                "The farm does not read such files.",
                code="gcode_line_too_long",
            )
    yield rest


def _from_line_start(tail: bytearray) -> str:
    start = tail.find(b"\n")
    return tail[start:].decode("utf-8", "replace") if start >= 0 else ""


def _cut_line(last: bytes) -> str:
    """The last block is the file's end: after a final line feed it holds nothing else."""
    line = last.rpartition(b"\n")[2].strip()
    return line[:80].decode("utf-8", "replace") if line and not line.startswith(b";") else ""

"""What Cura's front end does to G-code and CuraEngine does not: placeholders and the header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from core.errors import StorageError, Unusable

MAX_HEADER_BYTES = 64 * 1024
HEADER_END = b";Generated with Cura_SteamEngine"
LATE = frozenset({"print_time", "filament_amount", "filament_weight", "filament_cost", "jobname"})
"""Placeholders whose values are known only after slicing."""

_CHUNK_BYTES = 1024 * 1024
_PLACEHOLDER = re.compile(r"\{(\w{1,80})(?:,\s?(\w{1,80}))?\}")
_COMMENT = re.compile(r";[^\n]*")
_LATE = re.compile(rb"\{(print_time|filament_amount|filament_weight|filament_cost|jobname)\}")
_LOGGED = re.compile(r"Gcode header after slicing:\s*((?:;[^\n]*\n)+)")
_FACT = re.compile(r"^;(?:TIME|PRINT\.TIME):(\d+)$", re.M)
_LAYER_COUNT = b";LAYER_COUNT:"
_EXTRUDING = re.compile(rb"G[123] [^;\n]*\bE\d")
_CLOSING = b";End of Gcode"
_CLOSING_BYTES = 4096

_BED_KEYS = "material_bed_temperature|material_bed_temperature_layer_0"
_NOZZLE_KEYS = (
    "material_print_temperature|material_print_temperature_layer_0"
    "|default_material_print_temperature|material_initial_print_temperature"
    "|material_final_print_temperature|material_standby_temperature|print_temperature"
)


def heats_bed(code: str) -> bool:
    """Whether a start code sets the bed's temperature itself; else CuraEngine must."""
    return _names(code, _BED_KEYS)


def heats_nozzle(code: str) -> bool:
    """Whether a start code sets the nozzle's temperature itself; else CuraEngine must."""
    return _names(code, _NOZZLE_KEYS)


def _names(code: str, keys: str) -> bool:
    return bool(re.search(rf"\{{(?:{keys})(?:,\s?\w+)?\}}", _COMMENT.sub("", code)))


def fill(code: str, value_of: Callable[[str, str], str | None], where: str) -> str:
    """Put values for placeholders; ``value_of(key, extruder)`` gives None for unknown ones.

    ``where`` is for the sentence: "start". Raises Unusable when a command keeps a placeholder:
    the printer would get it as it is. In comments they harm nobody and stay, as Cura leaves them.
    """

    def put(match: re.Match[str]) -> str:
        if match[1] in LATE:
            return match[0]
        value = value_of(match[1], match[2] or "")
        return match[0] if value is None else value

    filled = _PLACEHOLDER.sub(put, code)
    left = {match[0] for match in _PLACEHOLDER.finditer(_COMMENT.sub("", filled))}
    left -= {f"{{{name}}}" for name in LATE}
    if left:
        raise Unusable(
            f"The machine's {where} G-code asks for {', '.join(sorted(left))}, which no setting of "
            "this slicing gives. Choose another machine profile.",
            code="gcode_placeholder",
        )
    return filled


def logged_header(log: str) -> str:
    """The header with real values, which CuraEngine only logs; "" when it is not there."""
    found = _LOGGED.findall(log.replace("\r\n", "\n"))
    return str(found[-1]).rstrip("\n") if found else ""


def seconds_in(header: str) -> int:
    """Print time a header states, 0 when it states none."""
    match = _FACT.search(header)
    return int(match[1]) if match else 0


def is_empty(path: Path) -> bool:
    """Whether no layer of it lays down filament: CuraEngine writes such files with exit code 0."""
    layers = False
    with path.open("rb") as file:
        for line in _lines(file):
            if not layers:
                layers = line.startswith(_LAYER_COUNT) and line.strip() != _LAYER_COUNT + b"0"
            elif _EXTRUDING.match(line):
                return False
    return True


def is_whole(path: Path) -> bool:
    """Whether its last line was written; a full disk ends CuraEngine without a word."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _CLOSING_BYTES))
        return _CLOSING in file.read()


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_HEADER_BYTES):
        yield line


def rewrite(path: Path, header: str, late: Mapping[str, str]) -> None:
    """Give a file its real header and late values. Needs one chunk of memory, and its disk twice.

    Raises Unusable when it does not begin as CuraEngine begins files, StorageError.
    """
    fresh = path.with_name(path.name + ".part")
    values = {name.encode(): text.encode() for name, text in late.items()}
    try:
        with path.open("rb") as source:
            _skip_header(source, path)
            _write(fresh, header, source, values)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise StorageError(
            f"The sliced file could not be written ({error.strerror}). Check the farm's disk."
        ) from error


def _write(fresh: Path, header: str, source: BinaryIO, values: Mapping[bytes, bytes]) -> None:
    with fresh.open("xb") as target:
        target.write(header.encode("ascii", "replace") + b"\n")
        target.write(HEADER_END)
        while chunk := source.read(_CHUNK_BYTES):
            chunk += source.readline(MAX_HEADER_BYTES)  # no placeholder is cut in two
            target.write(_LATE.sub(lambda match: values.get(match[1], b""), chunk))


def _skip_header(file: BinaryIO, path: Path) -> None:
    """Leave the file just after HEADER_END."""
    read = 0
    while read < MAX_HEADER_BYTES and (line := file.readline(MAX_HEADER_BYTES)):
        if line.startswith(HEADER_END):
            file.seek(read + len(HEADER_END))
            return
        read += len(line)
    raise Unusable(
        f"CuraEngine wrote {path.name} without its header. Use a CuraEngine from 4.13 on.",
        code="no_summary",
    )

"""Every kind of file that people bring to the farm, and what the farm does with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a file is by its content. The first three are the kinds of print files."""

    SLICED_3MF = "gcode.3mf"
    GCODE = "gcode"
    BGCODE = "bgcode"
    PROJECT_3MF = "project_3mf"  # a slicer's project: models and settings, no G-code
    MODEL_3MF = "model_3mf"  # models alone
    STL_BINARY = "stl_binary"
    STL_TEXT = "stl_text"
    OBJ = "obj"
    STEP = "step"
    AMF = "amf"
    UFP = "ufp"  # UltiMaker's package around G-code
    GX = "gx"  # FlashForge's wrapper around G-code
    ZIP = "zip"  # any other zip
    ARCHIVE = "archive"  # 7z, rar, gzip, …
    PICTURE = "picture"
    PDF = "pdf"
    WEB_PAGE = "web_page"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Use(StrEnum):
    """What the farm can do with a kind."""

    PRINT = "print"
    SLICE = "slice"  # a slicer turns it into a print file
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class About:
    """A kind in words. ``sentence`` refuses it as a print file; {name} is the file's name."""

    label: str
    use: Use
    code: str = ""  # of the refusal
    sentence: str = ""


_EXPORT = (
    "Slice it for your printer: a Bambu printer takes the plate's sliced file (.gcode.3mf), "
    "others take G-code (.gcode, or .bgcode for a Prusa)."
)
_PLAIN = "Export plain G-code (.gcode) from the slicer."
_NONE = "The farm takes sliced files: .gcode.3mf for a Bambu printer, .gcode for the others."

ABOUT = {
    Kind.SLICED_3MF: About("Bambu print file", Use.PRINT),
    Kind.GCODE: About("plain G-code", Use.PRINT),
    Kind.BGCODE: About("binary G-code", Use.PRINT),
    Kind.PROJECT_3MF: About(
        "unsliced project", Use.SLICE, "not_sliced",
        "{name} is a project that has not been sliced{made_for}. "
        "Slice it and export the plate's sliced file.",
    ),
    Kind.MODEL_3MF: About(
        "3D model (3MF)", Use.SLICE, "model_3mf",
        "{name} is a 3D model (3MF), not a print file. " + _EXPORT,
    ),
    Kind.STL_BINARY: About(
        "3D model (binary STL)", Use.SLICE, "model_stl",
        "{name} is a 3D model (STL), not a print file. " + _EXPORT,
    ),
    Kind.STL_TEXT: About(
        "3D model (text STL)", Use.SLICE, "model_stl",
        "{name} is a 3D model (STL as text), not a print file. " + _EXPORT,
    ),
    Kind.OBJ: About(
        "3D model (OBJ)", Use.SLICE, "model_obj",
        "{name} is a 3D model (OBJ), not a print file. " + _EXPORT,
    ),
    Kind.STEP: About(
        "CAD model (STEP)", Use.SLICE, "model_step",
        "{name} is a CAD model (STEP), not a print file. " + _EXPORT,
    ),
    Kind.AMF: About(
        "3D model (AMF)", Use.SLICE, "model_amf",
        "{name} is a 3D model (AMF), not a print file. " + _EXPORT,
    ),
    Kind.UFP: About(
        "UltiMaker package", Use.NOTHING, "package_ufp",
        "{name} is an UltiMaker package (.ufp), which none of the farm's printers takes. " + _PLAIN,
    ),
    Kind.GX: About(
        "FlashForge G-code", Use.NOTHING, "package_gx",
        "{name} is FlashForge's wrapped G-code (.gx), which the farm does not read. " + _PLAIN,
    ),
    Kind.ZIP: About(
        "zip archive", Use.NOTHING, "not_3mf",
        "{name} is a zip archive, not a print file. "
        "Unpack it, or export the plate's sliced file (.gcode.3mf) from the slicer.",
    ),
    Kind.ARCHIVE: About(
        "packed archive", Use.NOTHING, "other_archive",
        "{name} is a packed archive, not a print file. Unpack it and send the sliced file in it.",
    ),
    Kind.PICTURE: About(
        "picture", Use.NOTHING, "picture", "{name} is a picture, not a print file. " + _NONE
    ),
    Kind.PDF: About(
        "PDF document", Use.NOTHING, "pdf", "{name} is a PDF document, not a print file. " + _NONE
    ),
    Kind.WEB_PAGE: About(
        "web page", Use.NOTHING, "web_page",
        "{name} is a web page, not a print file. The download went wrong; fetch the file again.",
    ),
    Kind.EMPTY: About(
        "empty file", Use.NOTHING, "empty_file",
        "{name} is empty. Export it from the slicer again.",
    ),
    Kind.UNKNOWN: About(
        "unknown file", Use.NOTHING, "not_a_print_file",
        "{name} is not a print file. " + _EXPORT,
    ),
}  # fmt: skip

MODELS = {
    Kind.PROJECT_3MF: "3mf",
    Kind.MODEL_3MF: "3mf",
    Kind.STL_BINARY: "stl",
    Kind.STL_TEXT: "stl",
    Kind.OBJ: "obj",
    Kind.STEP: "step",
    Kind.AMF: "amf",
}
"""What a slicer takes -> its kind in the library (printfile.MODEL_KINDS)."""

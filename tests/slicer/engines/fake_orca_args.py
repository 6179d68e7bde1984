"""The fake's arguments, parsed as Config.cpp does it: no guessing, no second meaning."""

# ruff: noqa: T201 - a program that speaks to its caller
from __future__ import annotations

import sys
from typing import Any


class Failed(Exception):
    """Ends the program with a negative code of its own."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


OPTIONS = {
    "slice": int, "export-3mf": str, "export-slicedata": str, "load-slicedata": str,
    "export-stl": bool, "export-stls": str, "export-png": int, "export-settings": str,
    "info": bool, "uptodate": bool, "min-save": bool, "no-check": bool, "normative-check": bool,
    "mtcpp": int, "mstpp": int, "pipe": str, "help": bool, "arrange": str, "orient": str,
    "ensure-on-bed": bool, "assemble": bool, "repetitions": int, "rotate": float,
    "rotate-x": float, "rotate-y": float, "scale": float, "convert-unit": bool,
    "load-settings": list, "load-filaments": list, "load-filament-ids": str, "skip-objects": str,
    "clone-objects": str, "load-assemble-list": str, "load-custom-gcodes": str,
    "allow-newer-file": bool, "allow-mix-temp": bool, "allow-multicolor-oneplate": bool,
    "allow-rotations": bool, "avoid-extrusion-cali-region": bool, "skip-modified-gcodes": bool,
    "enable-timelapse": bool, "downward-check": bool, "downward-settings": str, "outputdir": str,
    "datadir": str, "debug": int,
}  # fmt: skip
ORCA_ONLY = {"logfile": str}
BAMBU_ONLY = {"skip-useless-pick": bool, "camera-view": int, "estimate-mode": bool}
SETTINGS = {"curr-bed-type": str, "layer-height": float, "wall-loops": int, "enable-support": bool}
"""A few of the several hundred settings, each of which is an option too."""


def parse(argv: list[str], *, is_bambu: bool) -> tuple[dict[str, Any], list[str]]:
    """(options by their underscored names, input files)."""
    kinds = {**OPTIONS, **SETTINGS, **(BAMBU_ONLY if is_bambu else ORCA_ONLY)}
    options: dict[str, Any] = {}
    files: list[str] = []
    waiting = list(argv)
    reading = True
    while waiting:
        token = waiting.pop(0)
        if not reading or not token.startswith("-"):
            files.append(token)
        elif token == "--":
            reading = False
        else:
            _take(token, waiting, kinds, options)
    return options, files


def _take(token: str, waiting: list[str], kinds: dict[str, Any], options: dict[str, Any]) -> None:
    name, _, value = token[2 if token.startswith("--") else 1 :].partition("=")
    kind = kinds.get(name)
    if kind is None:
        print(f"Invalid option --{name}", file=sys.stderr)
        raise Failed(-2)
    if not value and kind is not bool:
        if not waiting:
            print(f"Need values for option --{name}", file=sys.stderr)
            raise Failed(-2)
        value = waiting.pop(0)
    key = name.replace("-", "_")
    if kind is list:
        options.setdefault(key, []).extend(part for part in value.split(";") if part)
        return
    try:
        options[key] = value in ("", "1") if kind is bool else kind(value)
    except ValueError:
        print(f"Invalid value supplied for --{name}", file=sys.stderr)
        raise Failed(-2) from None

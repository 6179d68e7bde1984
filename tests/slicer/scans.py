"""Scans of short texts."""

from __future__ import annotations

from slicer.bounds.result import Box, PlateBounds
from slicer.bounds.scan import scan

START = "G90\nM83\nG28\nG1 X0 Y-3 Z.2 F3000\nG1 X60 E9\n;LAYER_CHANGE\n;TYPE:Perimeter\n"
END = ";TYPE:Custom\nM104 S0\nG1 X0 Y210 Z50\n"


def of(text: str, *, piece: int = 1 << 18) -> PlateBounds:
    raw = text.encode()
    return scan(raw[at : at + piece] for at in range(0, len(raw), piece))


def model(body: str) -> Box:
    found = of(START + body + END)
    assert found.complete, found.reason
    assert found.model is not None
    return found.model

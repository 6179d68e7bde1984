"""Makes plain G-code files as PrusaSlicer, OrcaSlicer and Cura write them (print-files 3.1).

``python -m simulator.plain_gcode OUT.gcode --model "MK4"`` writes one. The moves are real: they
follow a shape inside the model's bed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from simulator.models import model_named
from simulator.plain_body import Body, PlainPlan
from simulator.plain_headers import (
    cura_head,
    cura_tail,
    orca_head,
    orca_tail,
    prusa_head,
    prusa_tail,
)
from simulator.plate_gcode import ProjectFilament

_FILLER = "; filler of a test file, it says nothing and means nothing ............\n"


def build_gcode(
    name: str = "part",
    model: str = "MK4",
    minutes: float = 60.0,
    layers: int = 60,
    *,
    size_bytes: int = 0,
    objects: Sequence[str] = (),
    filament: tuple[str, str, float] = ("PLA", "C4633F", 12.3),
    nozzle_mm: float = 0.4,
    height_mm: float = 0.0,
    slicer: str = "",
    thumbnails: Sequence[int] = (32, 300),
    pauses_at: Sequence[int] = (),
) -> bytes:
    """A sliced file. ``size_bytes`` > 0 fills it up to exactly this size, when it is smaller.

    ``filament``: type, "RRGGBB", grams. ``objects`` name what can be excluded; none: one object
    called like the file. ``slicer``: "prusa", "orca" or "cura", "" = the one people use for the
    model. ``thumbnails`` are edge lengths in pixels. Raises ValueError for an unknown model.
    """
    chosen = model_named(model)
    plan = PlainPlan(
        name=name,
        model=chosen,
        minutes=minutes,
        layers=max(1, layers),
        objects=tuple(objects) or (f"{name}.stl",),
        filament=ProjectFilament(filament[0], filament[1].lstrip("#").upper()[:6], filament[2]),
        nozzle_mm=nozzle_mm,
        height_mm=height_mm or round(0.2 * max(1, layers), 2),
        slicer=slicer or chosen.slicer,
        thumbnails=tuple(thumbnails),
        pauses_at=tuple(pauses_at),
    )
    head, tail = _HEADS[plan.slicer](plan), _TAILS[plan.slicer](plan)
    body = Body(plan).blocks()
    missing = size_bytes - sum(len(part.encode()) for part in (head, *body, tail))
    if missing > 0:
        body = _filled(body, missing)
    return "".join((head, *body, tail)).encode()


_HEADS = {"prusa": prusa_head, "orca": orca_head, "cura": cura_head}
_TAILS = {"prusa": prusa_tail, "orca": orca_tail, "cura": cura_tail}


def _filled(blocks: list[str], missing: int) -> list[str]:
    """The same blocks with comment lines behind each, ``missing`` bytes in all."""
    lines, rest = divmod(missing, len(_FILLER))
    filled = []
    for i, block in enumerate(blocks):
        share = lines * (i + 1) // len(blocks) - lines * i // len(blocks)
        filled.append(block + _FILLER * share)
    if rest:
        filled[-1] += ";" * (rest - 1) + "\n"
    return filled


def main(argv: Sequence[str] | None = None) -> int:
    """Write one generated file; the exit code."""
    parser = argparse.ArgumentParser(prog="simulator.plain_gcode", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="MK4")
    parser.add_argument("--name", default="", help="names the part and chooses its shape")
    parser.add_argument("--type", default="PLA")
    parser.add_argument("--color", default="C4633F")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--layers", type=int, default=60)
    parser.add_argument("--size", type=int, default=0, help="bytes, at least")
    parser.add_argument("--slicer", default="", choices=("", *_HEADS))
    parser.add_argument("--object", action="append", default=[], help="may be repeated")
    args = parser.parse_args(argv)
    data = build_gcode(
        args.name or args.out.name.split(".")[0],
        args.model,
        args.minutes,
        args.layers,
        size_bytes=args.size,
        objects=args.object,
        filament=(args.type, args.color, 12.3),
        slicer=args.slicer,
    )
    args.out.write_bytes(data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

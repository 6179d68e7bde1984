"""Makes sliced ``.gcode.3mf`` files of the real shape, for the demo and for tests.

``python -m simulator.plates OUT.gcode.3mf --model P1S`` writes one.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

from simulator.models import model_named
from simulator.plate_gcode import GcodePlan, ProjectFilament, write_gcode
from simulator.plate_metadata import (
    CONTENT_TYPES,
    ROOT_RELS,
    Build,
    PlateSpec,
    gcode_rels,
    model_settings,
    model_xml,
    plate_json,
    settings_json,
    slice_info,
)
from simulator.shapes import shape_for
from simulator.solid_art import thumbnail

__all__ = ["PlateSpec", "build_gcode_3mf", "main"]

_MISSING: frozenset[str] = frozenset()


def build_gcode_3mf(
    plates: Sequence[PlateSpec] = (),
    *,
    model: str = "P1S",
    nozzle: float = 0.4,
    filaments: Sequence[tuple[str, str, float]] = (("PLA", "C4633F", 12.3),),
    name: str = "part",
    slicer: str = "BambuStudio 02.05.00.66",
    omit: frozenset[str] = _MISSING,
) -> bytes:
    """A sliced container. ``filaments``: (type, "RRGGBB", grams used) per project slot.

    ``omit`` leaves members out by name ("Metadata/plate_1.gcode.md5"), for tests of damage.
    Raises ValueError for an unknown model.
    """
    build = Build(
        model=model_named(model),
        nozzle=nozzle,
        filaments=tuple(ProjectFilament(t, c.lstrip("#").upper()[:6], g) for t, c, g in filaments),
        name=name,
        slicer=slicer,
        plates=tuple(plates) or (PlateSpec(),),
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as container:
        for member, data in _members(build):
            if member not in omit:
                info = zipfile.ZipInfo(member, (2026, 1, 5, 10, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                container.writestr(info, data)
    return out.getvalue()


def _members(build: Build) -> list[tuple[str, bytes]]:
    members: list[tuple[str, bytes]] = [("[Content_Types].xml", CONTENT_TYPES.encode())]
    settings = settings_json(build)
    for number, plate in enumerate(build.plates, 1):
        members += _plate_members(build, number, plate, settings)
    members += [
        ("3D/3dmodel.model", model_xml(build).encode()),
        ("Metadata/project_settings.config", json.dumps(settings, indent=4).encode()),
        ("Metadata/_rels/model_settings.config.rels", gcode_rels(build).encode()),
        ("Metadata/model_settings.config", model_settings(build).encode()),
        ("Metadata/slice_info.config", slice_info(build).encode()),
        ("_rels/.rels", ROOT_RELS.encode()),
    ]
    return members


def _plate_members(
    build: Build, number: int, plate: PlateSpec, settings: dict[str, object]
) -> list[tuple[str, bytes]]:
    gcode = write_gcode(_plan(build, plate, settings)).encode()
    title = build.title(plate)
    color = build.filaments[build.slots(plate)[0] - 1].color
    head = "Metadata/"
    return [
        (f"{head}plate_{number}.png", thumbnail(title, color, 512)),
        (f"{head}plate_{number}_small.png", thumbnail(title, color, 128)),
        (f"{head}plate_no_light_{number}.png", thumbnail(title, color, 256, "no_light")),
        (f"{head}top_{number}.png", thumbnail(title, color, 256, "top")),
        (f"{head}pick_{number}.png", thumbnail(title, color, 256, "pick")),
        (f"{head}plate_{number}.json", json.dumps(plate_json(build, number, plate)).encode()),
        (f"{head}plate_{number}.gcode", gcode),
        (
            f"{head}plate_{number}.gcode.md5",
            hashlib.md5(gcode, usedforsecurity=False).hexdigest().upper().encode(),
        ),
    ]


def _plan(build: Build, plate: PlateSpec, settings: dict[str, object]) -> GcodePlan:
    def flat(value: object) -> str:
        return ",".join(str(v) for v in value) if isinstance(value, list) else str(value)

    return GcodePlan(
        model=build.model,
        nozzle=build.nozzle,
        shape=shape_for(build.title(plate)),
        seconds=plate.minutes * 60,
        layers=plate.layers,
        height_mm=plate.height_mm,
        filaments=build.filaments,
        slots=build.slots(plate),
        slicer=build.slicer,
        config=[(key, flat(value)) for key, value in sorted(settings.items())],
        bed_c=plate.bed_c,
        nozzle_c=plate.nozzle_c,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write one generated file; the exit code."""
    parser = argparse.ArgumentParser(prog="simulator.plates", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="P1S")
    parser.add_argument("--name", default="", help="names the part and chooses its shape")
    parser.add_argument("--color", default="C4633F")
    parser.add_argument("--type", default="PLA")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--plates", type=int, default=1)
    args = parser.parse_args(argv)
    name = args.name or args.out.name.split(".")[0]
    data = build_gcode_3mf(
        [PlateSpec(minutes=args.minutes) for _ in range(args.plates)],
        model=args.model,
        filaments=[(args.type, args.color, 12.3)],
        name=name,
    )
    args.out.write_bytes(data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

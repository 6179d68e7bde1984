"""Models, vendor folders and orders for the tests of OrcaSlicer and Bambu Studio."""

from __future__ import annotations

import json
import struct
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slicer.engines import runner
from slicer.engines.base import Ended, Installation, SliceOrder, Step, Verdict
from slicer.engines.orca import adapter as orca
from slicer.profiles.orca.reader import OrcaPresets
from slicer.profiles.presets import Bundle, Choice, Family, Preset, PresetKind

FAKE = Path(__file__).with_name("fake_orca.py")
P1S = "Bambu Lab P1S 0.4 nozzle"
MINI = "Bambu Lab A1 mini 0.4 nozzle"
START = "M104 S[nozzle_temperature]\nM140 S[bed_temperature]\nG28\nG1 X18 Y1 E3 F1200"

Json = dict[str, Any]


def machine(name: str, model: str, side: int, height: int) -> Json:
    return {
        "type": "machine", "name": name, "from": "system", "inherits": "fdm_bbl_3dp_001_common",
        "instantiation": "true", "printer_model": model, "nozzle_diameter": ["0.4"],
        "printer_variant": "0.4", "printable_height": str(height),
        "printable_area": ["0x0", f"{side}x0", f"{side}x{side}", f"0x{side}"],
    }  # fmt: skip


def presets() -> Json:
    """Path below the vendor's folder -> preset, shaped like Bambu's own."""
    return {
        "machine/fdm_machine_common.json": {
            "type": "machine", "name": "fdm_machine_common", "from": "system",
            "instantiation": "false", "gcode_flavor": "marlin", "machine_start_gcode": "",
            "machine_end_gcode": "M104 S0", "printable_height": "100",
        },
        "machine/fdm_bbl_3dp_001_common.json": {
            "type": "machine", "name": "fdm_bbl_3dp_001_common", "from": "system",
            "inherits": "fdm_machine_common", "instantiation": "false",
            "include": ["P1S start"], "bed_exclude_area": ["0x0", "18x0", "18x28", "0x28"],
        },
        "machine/P1S start.json": {"instantiation": "false", "machine_start_gcode": START},
        f"machine/{P1S}.json": machine(P1S, "Bambu Lab P1S", 256, 250),
        f"machine/{MINI}.json": machine(MINI, "Bambu Lab A1 mini", 180, 180),
        "process/fdm_process_common.json": {
            "type": "process", "name": "fdm_process_common", "from": "system",
            "instantiation": "false", "wall_loops": "2", "layer_height": "0.3",
        },
        "process/0.20mm Standard @BBL X1C.json": {
            "type": "process", "name": "0.20mm Standard @BBL X1C", "from": "system",
            "inherits": "fdm_process_common", "instantiation": "true", "layer_height": "0.2",
            "compatible_printers": [P1S],
        },
        "process/0.20mm Standard @BBL A1M.json": {
            "type": "process", "name": "0.20mm Standard @BBL A1M", "from": "system",
            "inherits": "fdm_process_common", "instantiation": "true", "layer_height": "0.2",
            "compatible_printers": [MINI],
        },
        "filament/fdm_filament_common.json": {
            "type": "filament", "name": "fdm_filament_common", "from": "system",
            "instantiation": "false", "filament_diameter": ["1.75"], "hot_plate_temp": ["55"],
        },
        "filament/Bambu PLA Basic @base.json": {
            "type": "filament", "name": "Bambu PLA Basic @base", "from": "system",
            "inherits": "fdm_filament_common", "instantiation": "false", "filament_id": "GFA00",
            "filament_type": ["PLA"], "filament_density": "1.26", "nozzle_temperature": ["220"],
        },
        "filament/Bambu PLA Basic @BBL P1S.json": {
            "type": "filament", "name": "Bambu PLA Basic @BBL P1S", "from": "system",
            "inherits": "Bambu PLA Basic @base", "instantiation": "true",
            "compatible_printers": [P1S],
        },
        "filament/Generic PETG.json": {
            "type": "filament", "name": "Generic PETG", "from": "system",
            "inherits": "fdm_filament_common", "instantiation": "true", "filament_id": "GFG99",
            "filament_type": ["PETG"], "filament_density": ["1.27"],
            "nozzle_temperature": ["255"], "compatible_printers": [],
        },
    }  # fmt: skip


def write_vendor(folder: Path, files: Mapping[str, Json] | None = None, name: str = "BBL") -> Path:
    """``folder`` becomes a resources/profiles folder; its vendor's index."""
    files = presets() if files is None else files
    lists: dict[str, list[Json]] = {"machine_list": [], "process_list": [], "filament_list": []}
    for place, content in files.items():
        path = folder / name / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        kind = place.partition("/")[0]
        lists[f"{kind}_list"].append({"name": path.stem, "sub_path": place})
    index = folder / f"{name}.json"
    index.write_text(json.dumps({"name": name, "version": "02.05.00.08", **lists}))
    return index


def box_stl(x: float, y: float, z: float) -> bytes:
    """A box of twelve facets around the origin, as CAD programs export it."""
    corners = [
        (x / 2 * (1 if at & 1 else -1), y / 2 * (1 if at & 2 else -1), z if at & 4 else 0.0)
        for at in range(8)
    ]
    faces = ("021 123", "465 567", "014 145", "236 367", "024 246", "135 357")
    facets = [[corners[int(digit)] for digit in face] for pair in faces for face in pair.split()]
    body = b"".join(
        struct.pack("<12fH", 0, 0, 0, *[n for corner in facet for n in corner], 0)
        for facet in facets
    )
    return b"box".ljust(80) + struct.pack("<I", len(facets)) + body


def project_3mf(
    path: Path,
    *,
    plates: int = 1,
    settings: Json | None = None,
    members: Mapping[str, bytes] | None = None,
    config: str = "",
    bare: bool = False,
) -> None:
    """A Bambu project with a 10 mm cube on each plate; ``bare``: models alone."""
    space = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
    points = [(x, y, z) for x in (0, 10) for y in (0, 10) for z in (0, 10)]
    mesh = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in points)
    faces = ("013 032", "467 475", "045 051", "237 276", "026 064", "157 173")
    triangles = "".join(
        f'<triangle v1="{face[0]}" v2="{face[1]}" v3="{face[2]}"/>'
        for pair in faces
        for face in pair.split()
    )
    objects = "".join(
        f'<object id="{n}" name="Cube {n}"><mesh><vertices>{mesh}</vertices>'
        f"<triangles>{triangles}</triangles></mesh></object>"
        for n in range(1, plates + 1)
    )
    items = "".join(
        f'<item objectid="{n}" transform="1 0 0 0 1 0 0 0 1 60 {40 + 20 * n} 0"/>'
        for n in range(1, plates + 1)
    )
    model = (
        f'<model unit="millimeter" xmlns="{space}"><metadata name="Application">'
        f"BambuStudio-02.04.00.70</metadata><resources>{objects}</resources>"
        f"<build>{items}</build></model>"
    )
    placed = "".join(
        f'<plate><metadata key="plater_id" value="{n}"/><model_instance>'
        f'<metadata key="object_id" value="{n}"/></model_instance></plate>'
        for n in range(1, plates + 1)
    )
    stored = {
        "version": "02.04.00.70", "printer_model": "Bambu Lab X1 Carbon", "post_process": [],
        "printer_settings_id": "Bambu Lab X1 Carbon 0.4 nozzle", "filament_colour": ["#161616"],
        "printable_area": ["0x0", "256x0", "256x256", "0x256"], "nozzle_diameter": ["0.4"],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("3D/3dmodel.model", model)
        if not bare:
            document = json.dumps({**stored, **(settings or {})})
            archive.writestr("Metadata/project_settings.config", document)
            archive.writestr(
                "Metadata/model_settings.config", config or f"<config>{placed}</config>"
            )
        for name, content in (members or {}).items():
            archive.writestr(name, content)


def chosen(
    bundle: Bundle,
    machine: str = P1S,
    process: str = "0.20mm Standard @BBL X1C",
    filaments: Sequence[str] = ("Bambu PLA Basic @BBL P1S",),
) -> Choice:
    def one(kind: PresetKind, name: str) -> Preset:
        return next(preset for preset in bundle.of(kind) if preset.name == name)

    return Choice(
        family=Family.ORCA,
        machine=one(PresetKind.MACHINE, machine),
        process=one(PresetKind.PROCESS, process),
        filaments=tuple(one(PresetKind.FILAMENT, name) for name in filaments),
    )


@dataclass
class Rig:
    """A slicer of the test's own, and orders for it."""

    folder: Path
    engine: orca.OrcaEngine = orca.BAMBU
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        index = write_vendor(self.folder / "opt" / "resources" / "profiles")
        program = "bambu-studio" if self.engine is orca.BAMBU else "orca-slicer"
        self.program = self.folder / "opt" / "bin" / program
        self.program.parent.mkdir()
        self.program.symlink_to(FAKE)
        reader = OrcaPresets()
        self.bundle = reader.load(reader.vendors(self.program)[0])
        assert index.exists()

    def knobs(self, **knobs: Any) -> None:
        self.program.with_name("knobs.json").write_text(json.dumps(knobs))

    def order(self, model: bytes | None = None, **changes: Any) -> SliceOrder:
        """A 20 mm cube for the P1S, in a new folder."""
        work = self.folder / f"work-{len(list(self.folder.glob('work-*')))}"
        work.mkdir()
        kind = changes.pop("kind", "stl")
        path = work / f"model.{kind}"
        if kind == "3mf":
            project_3mf(path, **changes.pop("project", {}))
        else:
            path.write_bytes(box_stl(20, 20, 10) if model is None else model)
        version = changes.pop("version", "2.3.2")
        return SliceOrder(
            installation=Installation(
                engine=self.engine.name, program=self.program, version=version
            ),
            folder=work,
            model=path,
            kind=kind,
            choice=changes.pop("choice", None) or chosen(self.bundle),
            **changes,
        )

    def run(
        self, order: SliceOrder, on_step: Callable[[threading.Event], None] | None = None
    ) -> tuple[Verdict, Ended]:
        """Prepare, run as the farm does, judge and finish."""
        cancel = threading.Event()

        def told(step: Step) -> None:
            self.steps.append(step)
            if on_step:
                on_step(cancel)

        ended = runner.run(
            self.engine.prepare(order),
            order.folder,
            timeout_s=60,
            memory_mb=2048,
            output_mb=200,
            on_step=told,
            progress=self.engine.progress,
            cancel=cancel,
        )
        verdict = self.engine.judge(order, ended)
        if verdict.ok:
            self.engine.finish(order, ended)
        return verdict, ended

"""The descriptive members of a sliced container: JSON, XML and relationships (print-files 2)."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from simulator.models import Model
from simulator.plate_gcode import ProjectFilament
from simulator.shapes import shape_for

FILAMENT_IDS = {"PLA": "GFA00", "PETG": "GFG00", "ABS": "GFB00", "ASA": "GFB01", "TPU": "GFU01"}
BED_NAMES = {
    "cool_plate": "Cool Plate",
    "eng_plate": "Engineering Plate",
    "hot_plate": "High Temp Plate",
    "textured_plate": "Textured PEI Plate",
    "supertack_plate": "Supertack Plate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateSpec:
    """One plate. ``name`` names the part and chooses its shape (see simulator.shapes).

    ``minutes`` is the slicer's whole prediction, preparation included. ``filaments`` are the
    1-based project filaments the plate uses, empty = all. ``objects`` are names; empty = one
    per copy. ``bed_c``/``nozzle_c`` override the temperatures of the filament type.
    """

    name: str = ""
    minutes: float = 60.0
    layers: int = 120
    height_mm: float = 24.0
    filaments: tuple[int, ...] = ()
    objects: tuple[str, ...] = ()
    bed_type: str = "textured_plate"
    bed_c: int | None = None
    nozzle_c: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Everything the members of one file share."""

    model: Model
    nozzle: float
    filaments: tuple[ProjectFilament, ...]
    name: str
    slicer: str
    plates: tuple[PlateSpec, ...]

    @property
    def version(self) -> str:
        return self.slicer.rsplit(" ", 1)[-1]

    def slots(self, plate: PlateSpec) -> tuple[int, ...]:
        return plate.filaments or tuple(range(1, len(self.filaments) + 1))

    def title(self, plate: PlateSpec) -> str:
        return plate.name or self.name

    def objects(self, plate: PlateSpec) -> tuple[str, ...]:
        if plate.objects:
            return plate.objects
        spots = shape_for(self.title(plate)).spots
        if len(spots) == 1:
            return (self.title(plate),)
        return tuple(f"{self.title(plate)} {i + 1}" for i in range(len(spots)))


def settings_json(build: Build) -> dict[str, object]:
    """project_settings.config, the keys worth reading."""
    x, y, z = (int(v) for v in build.model.volume)
    exclude = ["0x0", "18x0", "18x28", "0x28"] if build.model.family in ("p1", "x1") else []
    printer = build.model.product_name
    heat = [f.heat for f in build.filaments]
    return {
        "bed_exclude_area": exclude,
        "curr_bed_type": BED_NAMES.get(build.plates[0].bed_type, "Textured PEI Plate"),
        "default_print_profile": f"0.20mm Standard @BBL {build.model.name}",
        "enable_support": "0",
        "extruder_offset": ["0x2" if build.model.family in ("p1", "x1") else "0x0"]
        * build.model.nozzles,
        "filament_colour": [f"#{f.color}" for f in build.filaments],
        "filament_density": [str(f.density) for f in build.filaments],
        "filament_diameter": ["1.75" for _ in build.filaments],
        "filament_ids": [FILAMENT_IDS.get(f.type, "GFL99") for f in build.filaments],
        "filament_map": ["1" for _ in build.filaments],
        "filament_settings_id": [f"Bambu {f.type} Basic" for f in build.filaments],
        "filament_type": [f.type for f in build.filaments],
        "filament_vendor": ["Bambu Lab" for _ in build.filaments],
        "first_layer_print_sequence": ["0"],
        "gcode_flavor": "marlin",
        "layer_height": f"{build.plates[0].height_mm / build.plates[0].layers:.2g}",
        "nozzle_diameter": [str(build.nozzle)] * build.model.nozzles,
        "nozzle_temperature": [str(n) for n, _ in heat],
        "nozzle_type": [build.model.nozzle_type] * build.model.nozzles,
        "print_sequence": "by layer",
        "printable_area": ["0x0", f"{x}x0", f"{x}x{y}", f"0x{y}"],
        "printable_height": str(z),
        "printer_model": printer,
        "printer_settings_id": f"{printer} {build.nozzle} nozzle",
        "printer_variant": str(build.nozzle),
        "spiral_mode": "0",
        "textured_plate_temp": [str(b) for _, b in heat],
        "timelapse_type": "0",
        "upward_compatible_machine": [f"Bambu Lab P1S {build.nozzle} nozzle"],
        "version": build.version,
        "wall_loops": "2",
    }


def _boxes(build: Build, plate: PlateSpec) -> list[list[float]]:
    shape = shape_for(build.title(plate))
    x0, y0 = build.model.volume[0] / 2, build.model.volume[1] / 2
    radius = min(build.model.volume[:2]) * 0.22
    points = shape.contour(0.0)
    return [
        [
            round(x0 + radius * (dx + size * min(p[0] for p in points)), 2),
            round(y0 + radius * (dy + size * min(p[1] for p in points)), 2),
            round(x0 + radius * (dx + size * max(p[0] for p in points)), 2),
            round(y0 + radius * (dy + size * max(p[1] for p in points)), 2),
        ]
        for dx, dy, size in shape.spots
    ]


def _identify(number: int, index: int) -> int:
    return 60 + 40 * number + 11 * index


def plate_json(build: Build, number: int, plate: PlateSpec) -> dict[str, object]:
    """plate_N.json."""
    boxes = _boxes(build, plate)
    slots = build.slots(plate)
    columns = list(zip(*boxes, strict=True))
    return {
        "bbox_all": [min(columns[0]), min(columns[1]), max(columns[2]), max(columns[3])],
        "bbox_objects": [
            {
                "area": round((box[2] - box[0]) * (box[3] - box[1]), 2),
                "bbox": box,
                "id": _identify(number, i),
                "layer_height": 0.20000000298023224,
                "name": name,
            }
            for i, (name, box) in enumerate(zip(build.objects(plate), boxes, strict=False))
        ],
        "bed_type": plate.bed_type,
        "filament_colors": [f"#{build.filaments[s - 1].color}" for s in slots],
        "filament_ids": [s - 1 for s in slots],
        "first_extruder": slots[0] - 1,
        "first_layer_time": 82.5,
        "is_seq_print": False,
        "nozzle_diameter": float(build.nozzle) + 5.9604645e-09,
        "version": 2,
    }


def slice_info(build: Build) -> str:
    """slice_info.config."""
    client = build.slicer.split(" ", 1)[0]
    extra = (
        f'    <header_item key="OrcaSlicer-Version" value="{build.version}"/>\n'
        if client == "OrcaSlicer"
        else ""
    )
    plates = "".join(_slice_plate(build, n, p) for n, p in enumerate(build.plates, 1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<config>\n  <header>\n'
        '    <header_item key="X-BBL-Client-Type" value="slicer"/>\n'
        f'    <header_item key="X-BBL-Client-Version" value="{build.version}"/>\n{extra}'
        f"  </header>\n{plates}</config>\n"
    )


def _slice_plate(build: Build, number: int, plate: PlateSpec) -> str:
    slots = build.slots(plate)
    metadata = {
        "index": number,
        "extruder_type": 0,
        "nozzle_volume_type": 0,
        "printer_model_id": build.model.code,
        "nozzle_diameters": ",".join([str(build.nozzle)] * build.model.nozzles),
        "timelapse_type": 0,
        "prediction": round(plate.minutes * 60),
        "weight": f"{sum(build.filaments[s - 1].grams for s in slots):.2f}",
        "first_layer_time": "82.500000",
        "outside": "false",
        "support_used": "false",
        "label_object_enabled": "true",
        "filament_maps": " ".join("1" for _ in build.filaments),
        "limit_filament_maps": " ".join("0" for _ in build.filaments),
    }
    rows = [f'    <metadata key="{k}" value="{v}"/>' for k, v in metadata.items()]
    rows += [
        f'    <object identify_id="{_identify(number, i)}" name={quoteattr(name)} '
        'skipped="false" />'
        for i, name in enumerate(build.objects(plate))
    ]
    for slot in slots:
        f = build.filaments[slot - 1]
        rows.append(
            f'    <filament id="{slot}" tray_info_idx="{FILAMENT_IDS.get(f.type, "GFL99")}" '
            f'type="{f.type}" color="#{f.color}" used_m="{f.millimetres / 1000:.2f}" '
            f'used_g="{f.grams:.2f}" group_id="0" nozzle_diameter="{build.nozzle:.2f}" '
            'volume_type="Standard"/>'
        )
    ranges = f'filament_list="{" ".join(str(s - 1) for s in slots)}"'
    rows.append(
        "    <layer_filament_lists>\n      <layer_filament_list "
        f'{ranges} layer_ranges="0 {plate.layers - 1}" />\n    </layer_filament_lists>'
    )
    return "  <plate>\n" + "\n".join(rows) + "\n  </plate>\n"


def model_settings(build: Build) -> str:
    """model_settings.config."""
    plates = []
    for number, plate in enumerate(build.plates, 1):
        values = {
            "plater_id": str(number),
            "plater_name": plate.name,
            "locked": "false",
            "filament_map_mode": "Auto For Flush",
            "filament_maps": " ".join("1" for _ in build.filaments),
            "gcode_file": f"Metadata/plate_{number}.gcode",
            "thumbnail_file": f"Metadata/plate_{number}.png",
            "thumbnail_no_light_file": f"Metadata/plate_no_light_{number}.png",
            "top_file": f"Metadata/top_{number}.png",
            "pick_file": f"Metadata/pick_{number}.png",
            "pattern_bbox_file": f"Metadata/plate_{number}.json",
        }
        rows = [
            f"    <metadata key={quoteattr(k)} value={quoteattr(v)}/>" for k, v in values.items()
        ]
        plates.append("  <plate>\n" + "\n".join(rows) + "\n  </plate>\n")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<config>\n{"".join(plates)}</config>\n'


def model_xml(build: Build) -> str:
    """The stub 3dmodel.model of a sliced file."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<model unit="millimeter" xml:lang="en-US" '
        'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" '
        'xmlns:BambuStudio="http://schemas.bambulab.com/package/2021">\n'
        f' <metadata name="Application">{build.slicer.replace(" ", "-")}</metadata>\n'
        ' <metadata name="BambuStudio:3mfVersion">1</metadata>\n'
        f' <metadata name="Title">{build.name.replace("&", "and").replace("<", "")}</metadata>\n'
        " <resources>\n </resources>\n <build/>\n</model>\n"
    )


def gcode_rels(build: Build) -> str:
    """model_settings.config.rels."""
    rows = "".join(
        f' <Relationship Target="/Metadata/plate_{n}.gcode" Id="rel-{n}" '
        'Type="http://schemas.bambulab.com/package/2021/gcode"/>\n'
        for n in range(1, len(build.plates) + 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="http://schemas.'
        f'openxmlformats.org/package/2006/relationships">\n{rows}</Relationships>\n'
    )


CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
 <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
 <Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
 <Default Extension="png" ContentType="image/png"/>
 <Default Extension="gcode" ContentType="text/x.gcode"/>
</Types>
"""
ROOT_RELS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
 <Relationship Target="/3D/3dmodel.model" Id="rel-1"
  Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
 <Relationship Target="/Metadata/plate_1.png" Id="rel-2"
  Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"/>
 <Relationship Target="/Metadata/plate_1_small.png" Id="rel-5"
  Type="http://schemas.bambulab.com/package/2021/cover-thumbnail-small"/>
</Relationships>
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from core import jsonio
from core.errors import FarmError
from slicer.inspection import inspect_file, thumbnail
from slicer.printfile import Filament, PlateObject, file_from_dict

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"


def test_reads_everything_a_sliced_file_says(parts: Any, pack: Any, save: Any) -> None:
    file = inspect_file(save(pack(parts())), "Cube.gcode.3mf")
    assert (file.kind, file.slicer, file.slicer_version) == (
        "gcode.3mf",
        "BambuStudio",
        "02.05.00.66",
    )
    assert file.filament_count == 3 and file.warnings == ()
    (plate,) = file.plates
    assert (plate.index, plate.seconds, plate.grams, plate.layers) == (1, 1095, 3.33, 90)
    assert plate.height_mm == 18.0 and plate.nozzle_mm == (0.4,)
    assert plate.models == ("C12",)
    assert plate.model_sources == ("slice_info", "project_settings", "gcode")
    assert plate.printer_model == "Bambu Lab P1S"
    assert plate.bed_type == "Textured PEI Plate"
    assert plate.first_layer == (81.0, 81.0, 99.0, 99.0)
    assert plate.objects == (PlateObject(id=69, name="Cube"), PlateObject(id=70, name="Object 70"))
    assert plate.can_skip_objects and plate.has_thumbnail and plate.warnings == ()
    assert plate.filaments[1] == Filament(
        index=3,
        type="PLA",
        color="161616",
        name="Bambu PLA Matte",
        grams=0.5,
        meters=0.1,
        filament_id="GFA01",
    )


def test_survives_json(parts: Any, pack: Any, save: Any) -> None:
    file = inspect_file(save(pack(parts())), "Cube")
    assert file_from_dict(jsonio.loads(jsonio.dumps(file))) == file


def test_stored_without_compression(parts: Any, pack: Any, save: Any) -> None:
    assert inspect_file(save(pack(parts(), 0)), "Cube").plates[0].layers == 90


def test_several_plates(parts: Any, pack: Any, save: Any) -> None:
    content = parts()
    code = content["Metadata/plate_1.gcode"].replace(b"number: 90", b"number: 12")
    content["Metadata/plate_7.gcode"] = code
    names = '<config><plate><metadata key="plater_id" value="7"/>'
    names += '<metadata key="plater_name" value="Left\x85 half"/></plate></config>'
    content["Metadata/model_settings.config"] = names.encode()
    file = inspect_file(save(pack(content)), "Two")
    assert [plate.index for plate in file.plates] == [1, 7]
    seventh = file.plate(7)
    assert seventh is not None and seventh.layers == 12 and seventh.name == "Left half"
    assert seventh.seconds == 18 * 60 + 15, "from the G-code: slice_info lacks this plate"
    assert [filament.grams for filament in seventh.filaments] == [2.83, 0.5]
    assert any("no checksum" in text for text in seventh.warnings)
    assert file.plate(2) is None


def test_without_summary_the_gcode_speaks(parts: Any, pack: Any, save: Any) -> None:
    content = parts()
    for member in ("Metadata/slice_info.config", "Metadata/project_settings.config"):
        del content[member]
    file = inspect_file(save(pack(content)), "Bare")
    (plate,) = file.plates
    assert plate.models == ("C12",) and plate.model_sources == ("gcode",)
    assert file.filament_count == 3 and file.warnings
    assert [(item.index, item.type, item.color) for item in plate.filaments] == [
        (1, "PLA", "00AE42"),
        (3, "PLA", "161616"),
    ]


@pytest.mark.parametrize(
    ("model", "model_id", "models", "warned"),
    [
        ("Bambu Lab P1S", "C12", ("C12",), False),
        ("Bambu Lab P1S", "", ("C12",), True),
        ("Bambu Lab A1 mini", "C12", ("C12", "N1"), True),
        ("MK3S", "C12", ("C12", "MK3S"), True),
        ("", "", (), True),
        ("Bambu Lab X1 Carbon", "3DPrinter-X1-Carbon", ("BL-P001",), False),
        ("Bambu Lab P2S", "N7-V2", ("N7",), False),
        ("Bambu Lab H2C", "O1C", ("O1C",), False),
        ("Flashforge AD5X", "", ("Flashforge AD5X",), True),
    ],
)
def test_model_from_three_places(
    model: str, model_id: str, models: tuple[str, ...], warned: bool, parts: Any, pack: Any,
    save: Any,
) -> None:  # fmt: skip
    (plate,) = inspect_file(save(pack(parts(model, model_id))), "Cube").plates
    assert plate.models == models
    assert bool(plate.warnings) is warned


def test_unreadable_preview_is_a_warning(parts: Any, pack: Any, save: Any) -> None:
    content = {**parts(), "Metadata/plate_1.png": b"GIF89a", "Metadata/plate_1_small.png": b""}
    (plate,) = inspect_file(save(pack(content)), "Cube").plates
    assert not plate.has_thumbnail
    assert "no preview" in plate.warnings[0]


def test_thumbnail_falls_back_to_the_other_size(parts: Any, pack: Any, save: Any) -> None:
    content = parts()
    path = save(pack(content))
    assert thumbnail(path, "x", 1) == content["Metadata/plate_1.png"]
    assert thumbnail(path, "x", 1, small=True) == content["Metadata/plate_1_small.png"]
    assert thumbnail(path, "x", 2) is None
    del content["Metadata/plate_1_small.png"]
    path = save(pack(content))
    assert thumbnail(path, "x", 1, small=True) == content["Metadata/plate_1.png"]


def test_two_nozzles_know_their_filaments(parts: Any, pack: Any, save: Any) -> None:
    content = parts("Bambu Lab H2D", "O1D")
    info = content["Metadata/slice_info.config"]
    info = info.replace(b'nozzle_diameters" value="0.4"', b'nozzle_diameters" value="0.4,0.6"')
    content["Metadata/slice_info.config"] = info.replace(b"1 1 1", b"2 1 1")
    (plate,) = inspect_file(save(pack(content)), "Cube").plates
    assert plate.nozzle_mm == (0.4, 0.6)
    assert [item.nozzle for item in plate.filaments] == ["right", "left"]
    assert any("nozzle diameter" in text for text in plate.warnings)


def test_display_text_is_clean(parts: Any, pack: Any, save: Any) -> None:
    content = parts()
    info = content["Metadata/slice_info.config"].replace(
        b'name="Cube"', 'name="<b>Cu\u202ebe</b>&#10;x"'.replace("<", "&lt;").encode()
    )
    content["Metadata/slice_info.config"] = info
    (plate,) = inspect_file(save(pack(content)), "Cube").plates
    assert plate.objects[0].name == "<b>Cu be</b> x"


def test_extrusion_is_found_across_chunks(parts: Any, pack: Any, save: Any) -> None:
    """The layer mark and the move lie on both sides of a chunk's edge."""
    from slicer.threemf import plate_head

    code = b"; HEADER_BLOCK_START\n" + b"G1 X1 E1\n" * 50 + b"; CHANGE_LAYER\nG1 X2 Y2 E.4\n"
    for size in (1, 7, 64, 300):
        pieces = [code[at : at + size] for at in range(0, len(code), size)]
        head = plate_head.scan(pieces)
        assert head.prints
        assert head.md5 == hashlib.md5(code).hexdigest().upper()
    assert not plate_head.scan([code.replace(b"E.4", b"E-.4")]).prints
    assert not plate_head.scan([code.replace(b"; CHANGE_LAYER", b"; nothing")]).prints


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="real sample files are not here")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bambox_decoy_base.gcode.3mf", (("C12",), 1958, 10.18, 88, 17.6, [3], 5)),
        ("bambox_reference.gcode.3mf", (("C12",), 7745, 32.12, 100, 20.0, [1, 4], 5)),
        ("fdmm_bambu.gcode.3mf", (("N1",), 1095, 2.83, 90, 18.0, [1], 1)),
        ("fdmm_bambu-2-plates_project.3mf", "not_sliced"),
        ("lanbu_multiplate_4plates_project.3mf", "not_sliced"),
        ("fdmm_shapebox_prusa_project.3mf", "not_sliced"),
        ("fdmm_testfile.gcode", "empty_plate"),  # its moves were cut out
    ],
)
def test_real_files(name: str, expected: Any) -> None:
    path = SAMPLES / name
    if isinstance(expected, str):
        with pytest.raises(FarmError) as caught:
            inspect_file(path, name)
        assert caught.value.error_code == expected
        assert caught.value.message.startswith(name)
        return
    file = inspect_file(path, name)
    (plate,) = file.plates
    assert (
        plate.models,
        plate.seconds,
        plate.grams,
        plate.layers,
        plate.height_mm,
        [filament.index for filament in plate.filaments],
        file.filament_count,
    ) == expected
    assert plate.has_thumbnail and plate.model_sources[0] == "slice_info"

"""Plain G-code: the right kind for the right printer, model names, filament, remote names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Blocked, Unusable
from job_queue.identity import echoes
from job_queue.job import JobState
from job_queue.matching.fit import fit_file
from job_queue.naming import SUFFIXES, remote_name, shown_name
from printers.status import (
    JobProgress,
    Machine,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Tray,
)
from slicer.printfile import Filament, Plate, PrintFile

PLATE = Plate(
    index=1,
    height_mm=20.0,
    nozzle_mm=(0.4,),
    models=("MK3S",),
    model_sources=("settings",),
    printer_model="MK3S",
    filaments=(Filament(index=1, type="PLA", color="2A6FD0", grams=12.0),),
)
PLAIN = PrintFile(kind="gcode", filament_count=1, plates=(PLATE,))
BAMBU = replace(
    PLAIN,
    kind="gcode.3mf",
    plates=(replace(PLATE, models=("C12",), model_sources=("slice_info", "gcode")),),
)


def printer(
    kinds: tuple[str, ...] = ("gcode",), model: str = "Original Prusa MK3S+", **changes: Any
) -> PrinterStatus:
    machine = Machine(
        name=model, volume_mm=(250.0, 210.0, 210.0), file_kinds=kinds,
        capabilities=frozenset({"upload"}),
    )  # fmt: skip
    status = PrinterStatus(
        printer_id="oak", name="Oak", kind="octoprint", state=PrinterState.IDLE, machine=machine,
        nozzles=(Nozzle(name="nozzle", diameter_mm=0.4),),
    )  # fmt: skip
    return replace(status, **changes)


def codes(file: PrintFile, status: PrinterStatus, **arguments: Any) -> dict[str, str]:
    fit = fit_file(file, 1, status, **arguments)
    found = [*fit.verdicts, *(item.verdict for item in fit.mapping)]
    return {item.code: item.text for item in found if item.level != "ok"}


@pytest.mark.parametrize(
    ("file", "kinds", "code", "text"),
    [
        (BAMBU, ("gcode",), "wrong_kind",
         "Oak prints plain G-code (.gcode); this is a Bambu print file."),
        (PLAIN, ("gcode.3mf",), "wrong_kind",
         "Oak prints Bambu print files (.gcode.3mf); this is plain G-code."),
        (BAMBU, ("gcode", "bgcode"), "wrong_kind",
         "Oak prints plain G-code (.gcode) and binary G-code (.bgcode); this is a Bambu print"),
        (PLAIN, (), "unknown_kind", "Oak has not said what it prints"),
    ],
)  # fmt: skip
def test_the_kind_of_file(file: PrintFile, kinds: tuple[str, ...], code: str, text: str) -> None:
    found = codes(file, printer(kinds))
    assert found[code].startswith(text)
    fit = fit_file(file, 1, printer(kinds))
    if code == "wrong_kind":
        assert set(found) == {code} and fit.level == "refuse" and not fit.mapping
    else:
        assert fit.level == "confirm"


@pytest.mark.parametrize(
    ("models", "set_up_as", "code", "words"),
    [
        (("MK3S",), "Original Prusa MK3S+", "", ()),
        (("MK3S",), "MK3S", "", ()),
        (("MK4S",), "MK3S", "wrong_model", ("MK4S", "MK3S", "Oak")),
        (("Creality Ender-3",), "Ender-3 V2", "wrong_model", ("Creality Ender-3", "Ender-3 V2")),
        (("C12",), "Voron 2.4 300", "wrong_model", ("Bambu Lab P1S", "Voron 2.4 300")),
        (("MK3S", "MINI"), "MK3S", "wrong_model", ("contradicts itself", "MK3S and MINI")),
        (("XL", "MINI"), "MK3S", "wrong_model", ("XL and MINI",)),
        (("Creality Ender-3",), "Ender 3 Pro", "same_group", ("takes the same G-code",)),
        (("MK3SMMU2S",), "MK3S", "other_model", ("MK3SMMU2S", "Oak")),
        (("XL5IS",), "Original Prusa XL", "other_model", ("XL5IS", "Oak")),
        (("C12",), "Voron 2.4", "other_model", ("Bambu Lab P1S", "Voron 2.4")),
        (("MK3S",), "Lena's own", "other_model", ("MK3S", "Lena's own")),
        (("MK3S", "Lena"), "MK3S", "unknown_model", ("MK3S and Lena",)),
        ((), "MK3S", "unknown_model", ("does not say", "MK3S")),
        (("MK3S",), "", "unknown_model", ("configuration", "Oak", "MK3S")),
        ((), "", "unknown_model", ("configuration", "Oak")),
        (("MK3S",), "Generic RepRap Printer", "unknown_model", ("configuration", "Oak")),
    ],
)
def test_the_model_by_name(models: Any, set_up_as: str, code: str, words: Any) -> None:
    file = replace(PLAIN, plates=(replace(PLATE, models=models),))
    fit = fit_file(file, 1, printer(model=set_up_as))
    levels = {"wrong_model": "refuse", "same_group": "warn"}
    asked = [
        verdict for verdict in fit.verdicts if "model" in verdict.code or "group" in verdict.code
    ]
    asked = [verdict for verdict in asked if verdict.level != "ok"]
    assert [verdict.code for verdict in asked] == ([code] if code else [])
    for word in words:
        assert word in asked[0].text
    expected = levels.get(code, "confirm") if code else "warn"
    assert fit.level == expected, "the filament is always a warning"


def test_filament_without_trays_is_named_never_refused() -> None:
    fit = fit_file(PLAIN, 1, printer())
    assert fit.ok and fit.ams_mapping == () and fit.mapping == ()
    assert codes(PLAIN, printer()) == {
        "filament_not_known": "Needs blue PLA; Oak cannot tell what is loaded."
    }
    two = (*PLATE.filaments, Filament(index=3, type="PETG"), Filament(index=4, type="PETG"))
    file = replace(PLAIN, plates=(replace(PLATE, filaments=two),))
    assert "Needs blue PLA and PETG;" in codes(file, printer())["filament_not_known"]
    silent = replace(PLAIN, plates=(replace(PLATE, filaments=()),))
    assert "does not say which filament" in codes(silent, printer())["filament_not_known"]
    assert fit_file(silent, 1, printer()).level == "warn"


def test_a_printer_that_knows_its_spool_is_asked() -> None:
    status = printer(external=(Tray(slot="Ext", index=254, type="PETG"),))
    assert "wrong_material" in codes(PLAIN, status)
    status = printer(external=(Tray(slot="Ext", index=254, type="PLA", color="2A6FD0"),))
    fit = fit_file(PLAIN, 1, status)
    assert fit.level == "ok" and fit.ams_mapping == ()


def test_a_mapping_means_nothing_to_plain_gcode() -> None:
    assert fit_file(PLAIN, 1, printer(), ams_mapping=()).ok
    assert "no_mapping" in codes(PLAIN, printer(), ams_mapping=(0,))
    assert not fit_file(PLAIN, 1, printer(), ams_mapping=(0,)).ok


def test_nozzle_and_height_hold_for_every_make() -> None:
    wide = printer(nozzles=(Nozzle(name="nozzle", diameter_mm=0.6),))
    assert "wrong_nozzle" in codes(PLAIN, wide)
    tall = replace(PLAIN, plates=(replace(PLATE, height_mm=300.0),))
    assert "too_tall" in codes(tall, printer())
    unknown = printer(nozzles=(Nozzle(name="nozzle", diameter_mm=None),))
    assert codes(PLAIN, unknown).keys() == {"unknown_nozzle", "filament_not_known"}


@pytest.mark.parametrize("kind", SUFFIXES)
@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Gear v2.gcode", "Gear_v2"),
        ("Gear.gcode.3mf", "Gear"),
        ("Gear.bgcode", "Gear"),
        ("Würfel & Ölkanne.GCODE", "Wurfel_Olkanne"),
        ("Gear.gco", "Gear"),
        ("日本.gcode", "job"),
        ("a" * 30, "a" * 30),
    ],
)
def test_remote_names_end_as_their_kind(kind: str, name: str, stem: str) -> None:
    remote = remote_name(name, 2_000_000_000, kind)
    assert remote == f"{stem}-2000000000{SUFFIXES[kind]}"
    assert shown_name(remote) == f"{stem}-2000000000"
    assert len(remote_name("a" * 300, 2_000_000_000, kind)) <= 60


def plain_farm(farm: Any, machine: Machine) -> None:
    printer = farm.printer()
    printer.report(machine=machine, ams=(), external=())
    farm.look()
    stored = farm.library.stored
    file = replace(PLAIN, plates=(replace(PLATE, seconds=60),))
    farm.library.moves = replace(farm.library.moves, flavours=("Marlin", "Prusa"))
    farm.library.stored = replace(stored, name="Gear.gcode", file=file)


MK3 = Machine(
    name="MK3S", file_kinds=("gcode",), capabilities=frozenset({"upload", "pause", "stop"})
)


def test_a_plain_start_goes_all_the_way(farm: Any) -> None:
    plain_farm(farm, MK3)
    job = farm.printing()
    (sent,) = farm.printer().started
    assert re.fullmatch(rf"Gear-{job.token}\.gcode", sent.remote_name)
    assert sent.display_name == f"Gear-{job.token}" and sent.ams_mapping == ()
    assert job.kind == "gcode"
    for shown in (
        JobProgress(name="", file=f"farm/{job.remote_name}"),
        JobProgress(name=f"/local/farm/{job.remote_name}", file=""),
        JobProgress(name=job.remote_name, file="FARM/GEAR~1.GCO"),
    ):
        assert echoes(job, shown)
    farm.printer().shows(sent, PrinterState.FINISHED, ended="finished")
    farm.look()
    assert farm.job(job).state is JobState.FINISHED
    farm.wait(6)
    assert farm.printer().files == {}


def test_the_wrong_kind_is_never_sent(farm: Any) -> None:
    plain_farm(farm, replace(MK3, file_kinds=("gcode.3mf",), code="C12", name="P1S"))
    with pytest.raises(Unusable) as refused:
        farm.start(confirm=["all"])
    assert refused.value.error_code == "wrong_kind" and farm.printer().files == {}


def test_another_model_needs_a_yes_that_is_recorded(farm: Any) -> None:
    plain_farm(farm, replace(MK3, name="Lena's MINI"))
    with pytest.raises(Blocked) as asked:
        farm.start()
    assert asked.value.details["confirm"] == ["other_model"]
    assert "MK3S" in asked.value.message and "Lena's" in asked.value.message
    assert farm.start(confirm=["other_model"]).confirm == ("other_model",)


def test_a_printer_exchanged_during_the_transfer(farm: Any) -> None:
    """The last look judges the kind and the model again."""
    plain_farm(farm, MK3)
    farm.printer().during_upload = lambda: farm.printer().report(
        machine=replace(MK3, name="Original Prusa XL")
    )
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "wrong_model"
    assert farm.printer().started == []


def test_jobs_of_an_earlier_version_are_bambu_jobs(farm: Any) -> None:
    from core import jsonio
    from job_queue.store.codec import job_of

    job = farm.start()
    entry = jsonio.loads(jsonio.dumps(job))
    assert entry.pop("kind") == "gcode.3mf"
    assert job_of(entry) == job

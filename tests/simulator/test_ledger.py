"""The truth about prints, which crash tests and rehearsals hold the farm's records against."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from simulator.farm import SimulatedFarm
from simulator.specs import make_spec
from tests.waiting import wait_for

MAKES = {"bambu": "P1S", "octoprint": "MK3S", "moonraker": "Voron 2.4", "prusalink": "MK4"}


def truth(farm: SimulatedFarm, name: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{farm.control_url}/prints", timeout=30) as answer:
        return dict(json.load(answer)["printers"][name])


@pytest.mark.parametrize("kind", MAKES)
def test_every_print_is_on_record_with_its_bed(kind: str, tmp_path: Path) -> None:
    spec = make_spec("oak", "Oak", MAKES[kind], 1, kind=kind)
    with SimulatedFarm([spec], time_scale=1000, data_dir=tmp_path, control_port=0) as farm:
        oak = farm.printer("oak")
        name = next(f["path"] for f in _files(farm) if "gcode" in f["path"]).lstrip("/")
        assert truth(farm, "oak") == {"bed": "", "busy": False, "prints": []}
        for again in (False, True):
            _start(farm, name)
            _wait_for(farm, lambda seen: seen["prints"][-1]["ended"] and not seen["busy"])
            first = truth(farm, "oak")["prints"][-1]
            assert first["file"] == name.rsplit("/", 1)[-1]
            assert first["how"] == "finished" and first["began"] <= first["ended"]
            assert bool(first["on"]) is again, "the second lay down on the first one's part"
        oak.do("clear_bed")
        assert truth(farm, "oak")["bed"] == ""
        _start(farm, name)
        _wait_for(farm, lambda seen: seen["bed"] != "")
        oak.do("power_cycle")
        assert truth(farm, "oak")["prints"][-1]["how"] in ("cut", "failed")
        assert [bool(one["on"]) for one in truth(farm, "oak")["prints"]] == [False, True, False]


def _files(farm: SimulatedFarm) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{farm.control_url}/printers/oak/storage", timeout=30) as answer:
        return list(json.load(answer)["files"])


def _start(farm: SimulatedFarm, name: str) -> None:
    """OctoPrint still winds up for a moment after a print."""
    before = len(truth(farm, "oak")["prints"])

    def begun() -> bool:
        with contextlib.suppress(ValueError):
            farm.printer("oak").do("start_local", name=name)
        return len(truth(farm, "oak")["prints"]) > before

    wait_for(begun, every=0.05)


def _wait_for(farm: SimulatedFarm, condition: Any) -> None:
    wait_for(lambda: condition(truth(farm, "oak")), lambda: truth(farm, "oak"))


def test_a_halted_machine_prints_no_more(tmp_path: Path) -> None:
    """Klipper says "printing" for as long as it lies dead; the truth does not."""
    spec = make_spec("oak", "Oak", "Voron 2.4", 1, kind="moonraker")
    with SimulatedFarm([spec], time_scale=30, data_dir=tmp_path, control_port=0) as farm:
        name = next(f["path"] for f in _files(farm) if "gcode" in f["path"]).lstrip("/")
        _start(farm, name)
        assert truth(farm, "oak")["busy"]
        farm.printer("oak").do("hard_fail")
        _wait_for(farm, lambda seen: not seen["busy"])
        assert truth(farm, "oak")["prints"][-1]["how"] == "failed"

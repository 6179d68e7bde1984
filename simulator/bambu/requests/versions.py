"""get_version (A3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.bambu.requests.outcome import Body

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_AMS_MODULE = {"AMS": "ams", "AMS lite": "ams_f1", "AMS 2 Pro": "n3f", "AMS HT": "n3s"}


def versions(machine: BambuMachine, _body: Body) -> Body:
    """The module list; ``ota`` carries the firmware and the product name."""
    model, serial = machine.model, machine.spec.serial
    hw_name, project, hw_ver = model.hw_module

    def module(name: str, version: str, hw: str, sn: str, **extra: Any) -> Body:
        return {
            "name": name,
            "project_name": extra.pop("project_name", ""),
            "product_name": extra.pop("product_name", ""),
            "sw_ver": version,
            "hw_ver": hw,
            "sn": sn,
            "loader_ver": "00.00.00.00",
            "flag": 0,
            "visible": bool(extra),
            **extra,
        }

    modules = [
        module(
            "ota",
            model.firmware,
            "OTA",
            serial,
            product_name=model.product_name,
            project_name=project,
            visible=True,
        ),
        module(hw_name, "00.00.30.29", hw_ver, serial, project_name=project),
        module("mc", "00.00.28.55", "MC07", f"{serial[:3]}MC{serial[-7:]}"),
        module("th", "00.00.06.98", "TH07", f"{serial[:3]}TH{serial[-7:]}"),
    ]
    if model.np:
        modules.append(module("ahb", "00.00.00.42", "AHB00", ""))
    for unit in machine.ams.units:
        name = f"{_AMS_MODULE[unit.kind]}/{unit.id}"
        sn = f"00600SIM{machine.spec.seed:05d}{unit.id:02d}"[:15]
        modules.append(
            module(name, "00.00.06.49", "AMS08", sn, product_name=f"{unit.kind} ({unit.id + 1})")
        )
    return {"module": modules}

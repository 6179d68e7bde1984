"""The machine itself is in trouble, or somebody is at its screen."""

from __future__ import annotations

from typing import Any

import pytest

from printers import commands as c

PRINTERS = (
    [("P1S", "idle")] * 12
    + [("P1S", "printing")] * 10
    + [("X1C", "idle"), ("X1C", "printing"), ("A1", "printing"), ("X1C", "fault_hms")]
)
TIME_SCALE = 2.0
BED_SENSOR = {"attr": 0x0300_0100, "code": 0x0001_0007}  # fatal
AMS_EMPTY = {"attr": 0x0700_2100, "code": 0x0002_0002}  # serious: nothing in A2
PURGING = {"attr": 0x0C00_0300, "code": 0x0003_0006}  # common
FIRST_LAYER = {"attr": 0x0C00_0300, "code": 0x0004_000B}  # info, unknown text


@pytest.mark.parametrize(
    ("entry", "tier", "words", "blocks"),
    [
        (BED_SENSOR, "fatal", "The bed's temperature sensor has lost contact", True),
        (AMS_EMPTY, "serious", "There is no filament in A2", True),
        (PURGING, "common", "Purged plastic may pile up", False),
        (FIRST_LAYER, "info", "HMS_0C00_0300_0004_000B", False),
    ],
    ids=["fatal", "serious", "common", "info"],
)
@pytest.mark.fault("inject_hms", "clear_hms")
def test_a_health_message(
    farm: Any, entry: dict[str, int], tier: str, words: str, blocks: bool
) -> None:
    seat = farm.take()
    seat.sim.do("inject_hms", **entry)
    panel = seat.until(lambda p: p["faults"])
    assert panel["faults"][0]["tier"] == tier
    assert words in panel["faults"][0]["text"]
    panel = seat.in_state("fault" if blocks else "ready")
    if blocks:
        assert panel["fault"]["text"].startswith(words)
        code, why = seat.blocked()
        assert code == "printer_fault"
        assert why == f"{seat.name} reports a fault: {panel['fault']['text']}"
    else:
        assert panel["fault"] is None and panel["gates"]["start"]["ok"]
    seat.sim.do("clear_hms")
    panel = seat.until(lambda p: p["state"] == "ready" and p["faults"] == [])
    assert panel["gates"]["start"]["ok"]


@pytest.mark.fault("set_print_error")
def test_an_error_on_the_screen_and_its_end(farm: Any) -> None:
    seat = farm.take()
    seat.sim.do("set_print_error", n=0x0500_400C)
    panel = seat.in_state("fault")
    assert panel["fault"]["code"] == "0500-400C"
    assert "no memory card" in panel["fault"]["text"]
    assert seat.blocked()[0] == "printer_fault"
    seat.order(c.ClearFault())
    seat.in_state("ready")


@pytest.mark.fault("set_print_error")
def test_an_unknown_error_still_has_a_code_and_a_place_to_look(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.do("set_print_error", n=0x0300_4FFE)
    panel = seat.in_state("fault")
    assert panel["fault"]["code"] == "0300-4FFE"
    assert "motion controller" in panel["fault"]["text"] and "screen" in panel["fault"]["text"]


@pytest.mark.fault("soft_fail")
def test_a_job_that_ends_early_without_a_fault(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    seat.sim.do("soft_fail")
    panel = seat.until(lambda p: p["state"] == "needs_clear" and p["bed"]["result"] == "failed")
    assert panel["sub"] == "stopped" and panel["fault"] is None and not panel["bed"]["clear"]
    code, why = seat.blocked()
    assert code == "bed_not_clear" and why.startswith(f"The bed of {seat.name} is not marked")
    assert ("fault", "") not in seat.said()
    assert farm.fleet.diagnostics(seat.id)["failure"]["kind"] == "soft"
    farm.jobs.mark_clear(seat.id)
    assert seat.in_state("ready")["gates"]["start"]["ok"]


@pytest.mark.fault("hard_fail")
def test_a_job_that_ends_in_a_fault(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    seat.sim.do("hard_fail")
    panel = seat.in_state("fault")
    assert panel["fault"]["code"] == "0300-4002"
    assert panel["fault"]["text"].startswith("Bed levelling failed. Clean the plate")
    assert seat.blocked()[0] == "printer_fault"
    failure = farm.fleet.diagnostics(seat.id)["failure"]
    assert (failure["kind"], failure["print_error"]) == ("hard", "0300-4002")
    seat.sim.do("clear_hms")
    seat.order(c.ClearFault())
    seat.until(lambda p: p["state"] == "needs_clear" and p["bed"]["result"] == "failed")


@pytest.mark.fault("power_cycle")
def test_switched_off_in_the_middle_of_a_print(farm: Any) -> None:
    """IDLE afterwards proves nothing about the bed."""
    seat = farm.take("P1S", "printing")
    seat.sim.do("power_cycle")
    seat.until(lambda p: p["state"] == "needs_clear" and "Someone printed" in p["bed"]["why"])
    assert seat.blocked()[0] == "bed_not_clear"
    assert ("idle", "") in seat.said()


@pytest.mark.fault("runout")
def test_the_filament_runs_out(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    slot = seat.panel()["tray"]
    unit = {"unit": 0, "type": "ABS", "color": "101010"}
    for other in range(4):  # no equal spool to go on with
        if f"A{other + 1}" != slot:
            seat.sim.do("swap_spool", slot=other, **unit)
    seat.sim.do("runout")
    panel = seat.in_state("paused")
    assert panel["pause"] == {"kind": "filament", "text": f"Filament ran out in {slot}"}
    assert panel["sub"] == "filament"
    code, why = seat.blocked()
    assert code == "printer_busy" and f"{seat.name} is paused" in why
    assert seat.blocked("home")[1].endswith("would crash into the part.")
    seat.order(c.Resume())
    seat.in_state("printing")


@pytest.mark.fault("open_front_cover", "close_front_cover")
def test_the_front_cover_comes_off(farm: Any) -> None:
    seat = farm.take("X1C", "printing")
    seat.sim.do("open_front_cover")
    panel = seat.in_state("paused")
    assert panel["pause"]["kind"] == "printer"
    assert "cover" in panel["pause"]["text"]
    seat.until(lambda p: p["door"] is True)
    seat.sim.do("close_front_cover")
    seat.until(lambda p: p["door"] is False)
    assert seat.panel()["state"] == "paused", "it went on by itself"
    seat.order(c.Resume())
    seat.in_state("printing")


@pytest.mark.fault("unplug_ams", "plug_ams")
def test_the_ams_is_unplugged_and_plugged(farm: Any) -> None:
    seat = farm.take()
    assert [unit["label"] for unit in seat.panel()["ams"]] == ["A"]
    seat.sim.do("unplug_ams")
    panel = seat.until(lambda p: p["ams"] == [], "its spools are still shown")
    assert panel["state"] == "ready"
    fit = next(f for f in farm.jobs.fit(farm.sliced("P1S")) if f.printer_id == seat.id)
    assert [mapped.slot for mapped in fit.mapping if mapped.slot != "Ext"] in ([], [None])
    assert seat.order(c.SelectTray(slot="Ext")) == "saved for the next start"
    assert "no slot 'A1'" in seat.refusal(c.SelectTray(slot="A1"))
    seat.sim.do("plug_ams")
    seat.until(lambda p: [unit["label"] for unit in p["ams"]] == ["A"])


@pytest.mark.fault("swap_spool")
def test_a_spool_is_swapped_and_taken_out(farm: Any) -> None:
    seat = farm.take()
    seat.sim.do("swap_spool", unit=0, slot=1, type="PETG", color="12AB34", remain=37)

    def second(panel: dict[str, Any]) -> dict[str, Any]:
        tray: dict[str, Any] = panel["ams"][0]["trays"][1]
        return tray

    panel = seat.until(lambda p: second(p)["color"] == "12AB34")
    assert (second(panel)["slot"], second(panel)["type"]) == ("A2", "PETG")
    assert second(panel)["remain"] == 37
    seat.sim.do("swap_spool", unit=0, slot=1, type="", color="")
    panel = seat.until(lambda p: second(p)["empty"], "an empty slot looks full")
    assert second(panel)["type"] == ""


@pytest.mark.fault("pause", "resume")
def test_somebody_pauses_and_resumes_at_the_screen(farm: Any) -> None:
    seat = farm.take("A1", "printing")
    seat.sim.do("pause")
    panel = seat.in_state("paused")
    assert panel["pause"]["kind"] == "user" and panel["pause"]["text"]
    assert panel["gates"]["resume"]["ok"] and panel["gates"]["stop"]["ok"]
    assert seat.blocked("jog")[0] == "printer_busy"
    seat.sim.do("resume")
    assert seat.in_state("printing")["pause"] is None


@pytest.mark.fault("set_fan")
def test_a_fan_set_at_the_printer_is_shown(farm: Any) -> None:
    seat = farm.take()
    seat.sim.do("set_fan", number=1, percent=60)
    seat.until(lambda p: abs(p["fans"]["part"] - 60) <= 7)


def test_a_printer_first_seen_with_a_fault(farm: Any) -> None:
    seat = farm.take("X1C", "fault_hms", state="fault")
    panel = seat.panel()
    assert panel["fault"]["text"] and panel["bed"]["clear"] is False
    assert seat.blocked() == (
        "printer_fault",
        f"{seat.name} reports a fault: {panel['fault']['text']}",
    )

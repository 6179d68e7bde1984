"""Reports that arrive spoiled: what can be read counts, what cannot is said, nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from printers import commands as c

PRINTERS = (
    [("X1C", "printing")] * 4
    + [("P1S", "printing")] * 6
    + [("P1S", "idle")] * 4
    + [("X1C", "idle")] * 2
)
TIME_SCALE = 5.0


def _messages(farm: Any, seat: Any) -> dict[str, Any]:
    found: dict[str, Any] = farm.fleet.diagnostics(seat.id)["messages"]
    return found


def _spoil(farm: Any, seat: Any, **knobs: Any) -> None:
    """Turn it on and wait until spoiled reports have arrived."""
    seat.sim.set(**knobs)
    before = _messages(farm, seat)

    def some(_: Any) -> bool:
        now = _messages(farm, seat)
        count = now["received"] + now["dropped"] - before["received"] - before["dropped"]
        return bool(count >= 5)

    seat.until(some, "nothing arrived")


@pytest.mark.parametrize("model", ["X1C", "P1S"])
@pytest.mark.parametrize(
    ("knob", "value"),
    [
        pytest.param("wrong_types", True, marks=pytest.mark.fault("wrong_types")),
        pytest.param("wrong_typed_key", True, marks=pytest.mark.fault("wrong_typed_key")),
    ],
)
def test_wrong_types_leave_the_rest_of_a_report_standing(
    farm: Any, model: str, knob: str, value: Any
) -> None:
    seat = farm.take(model, "printing")
    before = seat.panel()
    _spoil(farm, seat, **{knob: value})
    panel = seat.panel()
    assert (panel["state"], panel["message"], panel["notices"]) == ("printing", "", [])
    assert panel["job"]["name"] == before["job"]["name"]
    assert panel["job"]["pct"] >= before["job"]["pct"]
    assert panel["temps"]["nozzle"][0] > 150, "a broken temperature wiped out the known one"
    assert [unit["label"] for unit in panel["ams"]] == ["A"]
    assert _messages(farm, seat)["failed"] == 0
    seat.order(c.SetLight(on=not panel["light"]))


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        pytest.param("trailing_nul", True, marks=pytest.mark.fault("trailing_nul")),
        pytest.param("garbage_bytes", 1_000_000, marks=pytest.mark.fault("garbage_bytes")),
        pytest.param("garbage_bytes", 300, id="a little garbage"),
    ],
)
def test_padding_and_garbage_between_reports_change_nothing(
    farm: Any, knob: str, value: Any
) -> None:
    seat = farm.take("P1S", "printing" if knob == "trailing_nul" else "idle")
    state = seat.panel()["state"]
    _spoil(farm, seat, **{knob: value})
    seat.stays(lambda p: p["state"] == state and p["message"] == "", 0.5)
    assert _messages(farm, seat)["failed"] == 0
    if knob == "garbage_bytes":
        assert _messages(farm, seat)["dropped"] > 0
    assert seat.order(c.SetLight(on=False)) == ""


@pytest.mark.fault("latin1_payload")
def test_a_name_in_another_encoding_is_shown_as_it_was_meant(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    seat.sim.set(latin1_payload=True)
    panel = seat.until(lambda p: p["job"]["name"] == "Gehäuse für Wärmefühler")
    assert (panel["state"], panel["message"]) == ("printing", "")
    assert _messages(farm, seat)["repaired"] > 0


@pytest.mark.parametrize(
    "knob",
    [
        pytest.param("truncate_json", marks=pytest.mark.fault("truncate_json")),
        pytest.param("null_reports", marks=pytest.mark.fault("null_reports")),
    ],
)
def test_reports_nobody_can_read_are_not_called_silence(farm: Any, knob: str) -> None:
    """Nothing of the printer is known then: no state is shown, no command goes out."""
    seat = farm.take("X1C")
    seat.sim.set(**{knob: True})
    panel = seat.until(lambda p: p["state"] == "connecting" and p["notices"])
    assert [n["code"] for n in panel["notices"]] == ["unreadable_reports"]
    assert panel["message"] == panel["notices"][0]["text"]
    assert panel["message"].startswith(f"{seat.name} sends reports that cannot be read")
    assert "serial" not in " ".join(text for _, text in seat.said())
    assert seat.blocked()[0] == "printer_connecting"
    assert panel["temps"] == {}
    seat.sim.set(**{knob: False})
    assert seat.in_state("ready")["notices"] == []


@pytest.mark.fault("publish_raw")
def test_changes_without_a_whole_report_are_not_a_state(farm: Any) -> None:
    """A printer that answers no pushall but sends differences: asked again until it answers."""
    seat = farm.take()
    seat.sim.set(mute_all=True)
    seat.in_state("connecting")
    change = '{"print": {"command": "push_status", "gcode_state": "IDLE", "msg": 1}}'

    def told(panel: dict[str, Any]) -> bool:
        seat.sim.do("publish_raw", text=change)
        return "no_full_report" in [n["code"] for n in panel["notices"]]

    panel = seat.until(told, "never said that the full report is missing")
    assert panel["state"] == "connecting"
    assert panel["message"].startswith(f"{seat.name} is connected but has sent no full report")
    assert seat.blocked()[0] == "printer_connecting"
    seat.sim.set(mute_all=False)
    assert seat.in_state("ready")["notices"] == []


@pytest.mark.fault("chamber_stuck_at_5")
def test_a_chamber_sensor_stuck_at_5_degrees_hurts_nothing(farm: Any) -> None:
    seat = farm.take("X1C", "printing")
    seat.until(lambda p: p["temps"]["chamber"][0] > 5)
    seat.sim.set(chamber_stuck_at_5=True)
    panel = seat.until(lambda p: p["temps"]["chamber"][0] == 5, "the sensor's word is not shown")
    assert (panel["state"], panel["faults"], panel["notices"]) == ("printing", [], [])
    seat.sim.set(chamber_stuck_at_5=False)
    seat.until(lambda p: p["temps"]["chamber"][0] > 5)


@pytest.mark.fault("sd_flicker")
def test_a_flickering_storage_bit_is_no_missing_card(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    _spoil(farm, seat, sd_flicker=True)
    seat.stays(lambda p: p["storage"] == "ok" and p["notices"] == [], 1.0)


@pytest.mark.fault("snapshot")
def test_the_panel_agrees_with_the_machine(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    truth = seat.sim.do("snapshot")
    panel = seat.panel()
    assert panel["job"]["name"] == truth["subtask_name"]
    assert abs(panel["job"]["pct"] - truth["mc_percent"]) <= 1
    assert panel["temps"]["bed"][1] == truth["bed_target_temper"]

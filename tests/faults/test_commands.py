"""Commands that are refused, ignored, answered late or not at all."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from core.errors import PrinterTimeout
from printers import commands as c

PRINTERS = [("P1S", "idle")] * 5 + [("P1S", "printing")] * 4 + [("H2D", "printing"), ("A1", "idle")]
TIME_SCALE = 2.0


@pytest.mark.fault("no_ack")
def test_a_command_nobody_answers_is_uncertain_and_sent_once(farm: Any) -> None:
    """Eight real seconds: the time a person really waits."""
    seat = farm.take()
    seat.sim.set(no_ack=True)
    began = time.monotonic()
    with pytest.raises(PrinterTimeout) as caught:
        seat.order(c.SetLight(on=False))
    assert time.monotonic() - began < 10
    assert caught.value.message == (
        f"{seat.name} did not answer within 8 s. Whether it acted is not known; watch its state."
    )
    assert len(seat.sim.handle.requests("ledctrl")) == 1
    seat.until(lambda p: p["light"] is False)  # it did act, and that is seen
    seat.sim.set(no_ack=False)
    assert seat.order(c.SetLight(on=True)) == ""


@pytest.mark.fault("ack_delay_s")
def test_a_slow_answer_is_waited_for_and_holds_up_nobody_else(farm: Any) -> None:
    seat, other = farm.take(), farm.take()
    seat.sim.set(ack_delay_s=1.0)
    slow = threading.Thread(target=seat.order, args=(c.SetLight(on=False),), name="slow")
    slow.start()
    began = time.monotonic()
    other.order(c.SetLight(on=False))
    assert time.monotonic() - began < 0.8
    slow.join(5)
    assert not slow.is_alive()
    seat.until(lambda p: p["light"] is False)
    assert seat.panel()["state"] == "ready"


@pytest.mark.fault("fail_commands")
def test_the_printers_no_is_a_sentence_and_changes_nothing(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    seat.sim.set(fail_commands="pause,print_speed")
    text = seat.refusal(c.Pause())
    assert text.startswith(f"{seat.name} refused")
    assert seat.refusal(c.SetSpeed(level=3)).startswith(f"{seat.name} refused")
    assert seat.panel()["state"] == "printing" and seat.panel()["notices"] == []
    seat.sim.set(fail_commands="")
    seat.order(c.Pause())
    assert seat.in_state("paused")["pause"]["kind"] == "user"


@pytest.mark.fault("dev_mode_off")
def test_developer_mode_off_on_a_model_that_says_so(farm: Any) -> None:
    seat = farm.take("H2D", "printing")
    seat.sim.set(dev_mode_off=True)
    panel = seat.until(lambda p: p["lock"])
    assert panel["lock"]["code"] == "developer_mode_off"
    assert "Switch on LAN Only and Developer Mode" in panel["lock"]["text"]
    assert panel["state"] == "printing", "monitoring goes on"
    for act in ("pause", "stop", "temperature", "start", "gcode"):
        assert seat.blocked(act) == ("developer_mode_off", panel["lock"]["text"])
    asked = len(seat.sim.handle.requests())
    assert seat.refusal(c.Pause()) == panel["lock"]["text"]
    sent = seat.sim.handle.requests()[asked:]
    assert [r for r in sent if "print" in r] == [], "it was sent before it was refused"
    seat.sim.set(dev_mode_off=False)
    assert seat.until(lambda p: not p["lock"])["gates"]["pause"]["ok"]


@pytest.mark.fault("dev_mode_off")
def test_developer_mode_off_on_a_model_that_only_refuses(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    seat.sim.set(dev_mode_off=True)
    assert seat.panel()["lock"] is None
    began = time.monotonic()
    assert "takes no orders over the network: its Developer Mode" in seat.refusal(c.Pause())
    assert time.monotonic() - began < 4, "the printer's own message came sooner"
    panel = seat.until(lambda p: p["lock"], "the refusal taught nothing")
    assert seat.blocked("stop") == ("developer_mode_off", panel["lock"]["text"])
    assert panel["faults"] == [], "a lock is no fault of the machine"
    seat.sim.set(dev_mode_off=False)
    seat.sim.handle.do("clear_hms")
    seat.order(c.Reconnect())
    seat.until(lambda p: p["state"] == "printing" and not p["lock"])
    seat.order(c.Pause())
    seat.in_state("paused")


@pytest.mark.fault("ignore_m104")
def test_firmware_that_ignores_temperatures(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(ignore_m104=True)
    seat.order(c.SetTemperature(heater="nozzle", target=200))
    text = seat.noticed("temperature_ignored")
    assert text.startswith(f"{seat.name} accepted the temperature but did not change it")
    assert seat.panel()["temps"]["nozzle"][1] == 0
    assert seat.panel()["gates"]["start"]["ok"]
    seat.sim.set(ignore_m104=False)
    seat.order(c.SetTemperature(heater="nozzle", target=200))
    seat.until(lambda p: p["temps"]["nozzle"][1] == 200 and p["notices"] == [])
    seat.order(c.CoolDown())


@pytest.mark.fault("stop_goes_idle")
def test_a_stop_that_ends_idle_still_leaves_a_bed_to_clear(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    seat.sim.set(stop_goes_idle=True)
    seat.order(c.Stop())
    assert seat.in_state("stopping")["message"] == ""
    panel = seat.in_state("needs_clear")
    assert panel["fault"] is None and panel["notices"] == []
    assert seat.blocked()[0] == "bed_not_clear"


def test_commands_to_a_printer_in_the_wrong_state_name_it(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    assert seat.refusal(c.Home()).startswith(f"{seat.name} is printing")
    assert "crash into the part" in seat.refusal(c.Jog(x=1))
    idle = farm.take("A1")
    assert idle.refusal(c.Pause()) == f"{idle.name} is not printing."

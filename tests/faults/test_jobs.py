"""Starts that meet trouble: at most one start, and an answer the operator can act on."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.errors import FarmError
from printers import commands as c

PRINTERS = [("P1S", "idle")] * 18 + [("A1 mini", "idle")] * 2 + [("H2D", "idle")] * 2
TIME_SCALE = 60.0


@pytest.mark.fault("start_local", "stop", "clear_bed")
def test_somebody_prints_at_the_touch_screen(farm: Any) -> None:
    seat = farm.take()
    name = seat.stored()
    seat.sim.do("start_local", name=name)
    panel = seat.until(lambda p: p["state"] in ("preparing", "printing"))
    assert panel["job"]["local"] is True
    assert panel["job"]["name"] == name.removesuffix(".gcode.3mf")
    seat.until(lambda p: p["bed"]["why"].startswith("Someone is printing"))
    code, why = seat.blocked()
    assert code == "printer_busy" and seat.name in why
    seat.sim.do("stop")
    panel = seat.in_state("needs_clear")
    assert panel["sub"] == "stopped" and panel["fault"] is None
    assert ("fault", "") not in seat.said(), "the flash of a stop was shown as a fault"
    seat.sim.do("clear_bed")
    seat.stays(lambda p: p["state"] == "needs_clear", 0.5)  # a person must say so
    farm.jobs.mark_clear(seat.id)
    seat.in_state("ready")


@pytest.mark.fault("air_print")
def test_a_job_that_prints_air_is_pointed_out(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(air_print=True, prepare_s=1.0)
    seat.sim.handle.do("start_local", name=seat.stored())
    seat.until(lambda p: p["state"] == "printing")
    text = seat.noticed("air_print")
    assert "no filament" in text and "Look at the print" in text
    assert seat.panel()["state"] == "printing"
    seat.order(c.Stop())
    seat.until(lambda p: p["state"] == "needs_clear" and p["notices"] == [])


@pytest.mark.fault("heater_power", "prepare_s")
def test_dead_heaters_show_a_target_that_is_never_reached(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(heater_power=0.0, prepare_s=1.0)
    name = seat.stored()
    seat.sim.do("start_local", name=name)
    panel = seat.until(
        lambda p: p["state"] == "preparing" and "eat" in p["stage"] and p["temps"]["bed"][1]
    )
    actual, target, _ = panel["temps"]["bed"]
    assert actual < target - 10
    seat.stays(lambda p: p["state"] == "preparing", 1.0)  # never "printing"
    seat.sim.set(heater_power=1.0)
    seat.in_state("printing", 30)


@pytest.mark.fault("no_ack")
def test_a_start_without_an_answer_is_proved_by_the_report(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(no_ack=True)
    job = seat.job_until(seat.start(), "printing")
    assert job.error is None
    assert len(seat.sim.handle.requests("project_file")) == 1
    assert seat.panel()["job"]["job_id"] == job.id


@pytest.mark.fault("start_delay_s")
def test_a_start_that_shows_nothing_for_long_asks_a_person(farm: Any) -> None:
    """Accepted, then IDLE for longer than the farm waits (P1P: up to 135 s)."""
    seat = farm.take()
    seat.sim.set(start_delay_s=6.0)
    job = seat.job_until(seat.start(), "needs_human")
    panel = seat.in_state("needs_human")
    assert job.error.code == "start_uncertain"
    assert job.error.text.startswith(f"{seat.name} did not show the start of Gear wheel")
    assert job.error.text.endswith("Look at the printer: is it printing this job?")
    assert panel["bed"]["clear"] is False
    code, why = seat.blocked()
    assert code == "start_uncertain" and "Answer that first" in why
    with pytest.raises(FarmError, match="is still open on"):
        seat.start()
    job = seat.job_until(job, "printing")  # the proof comes after all
    assert job.error is None
    assert len(seat.sim.handle.requests("project_file")) == 1


@pytest.mark.fault("finish_linger_s")
def test_the_end_of_the_last_job_is_not_the_end_of_the_next(farm: Any) -> None:
    seat = farm.take("H2D")
    first = seat.job_until(seat.start(farm.sliced("H2D", 2.0)), "finished")
    farm.jobs.mark_clear(seat.id)
    seat.in_state("ready")
    seat.sim.set(finish_linger_s=1.5)
    second = seat.start(farm.sliced("H2D", 30.0))
    seat.job_until(second, "starting", "printing")
    told = {farm.jobs.job(second.id).state.value}
    while "printing" not in told:
        told.add(seat.job_until(second, *("starting", "printing", "finished")).state.value)
        assert "finished" not in told, "the lingering FINISH was taken for the new job's end"
    assert first.remote_name != second.remote_name


@pytest.mark.fault("bad_file")
def test_a_file_the_printer_cannot_read(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(bad_file=True, prepare_s=20.0)
    job = seat.job_until(seat.start(), "failed")
    assert job.error.code == "0500-4003"
    assert job.error.text.startswith("The print file could not be read.")
    panel = seat.in_state("fault")
    assert panel["fault"]["text"] == job.error.text
    assert panel["bed"]["clear"] is False
    seat.sim.set(bad_file=False)
    seat.order(c.ClearFault())
    seat.in_state("needs_clear")


@pytest.mark.fault("a1mini_cancel")
def test_a_second_start_never_reaches_a_printer_that_would_cancel_the_first(farm: Any) -> None:
    seat = farm.take("A1 mini")
    seat.sim.set(a1mini_cancel=True)
    job = seat.job_until(seat.start(), "printing")
    with pytest.raises(FarmError) as caught:
        seat.start()
    assert caught.value.message == f"Gear wheel.gcode.3mf is still open on {seat.name}."
    assert len(seat.sim.handle.requests("project_file")) == 1
    assert farm.jobs.job(job.id).state.value == "printing"
    foreign = seat.sim.handle.machine  # another program does what the farm does not
    body = {"print": {"command": "project_file", "param": "Metadata/plate_1.gcode"}}
    farm.simulated.call(lambda: foreign.handle(body))
    ended = seat.job_until(job, "cancelled", "failed")
    assert ended.state.value == "cancelled"
    assert seat.in_state("needs_clear")["fault"] is None


@pytest.mark.fault("runout")
def test_our_job_pauses_for_filament_and_goes_on(farm: Any) -> None:
    seat = farm.take()
    job = seat.job_until(seat.start(farm.sliced("P1S", 240.0)), "printing")
    seat.until(lambda p: p["state"] == "printing" and p["job"]["layer"])
    slot = seat.panel()["tray"]
    seat.sim.handle.peek(lambda m: setattr(m.options, "auto_switch_filament", False))
    seat.sim.do("runout")
    seat.job_until(job, "paused")
    assert seat.in_state("paused")["pause"]["text"] == f"Filament ran out in {slot}"
    seat.order(c.Resume())
    seat.job_until(job, "printing")
    seat.order(c.Stop())
    ended = seat.job_until(job, "cancelled")
    assert ended.error is None or ended.error.text
    assert "was stopped" in seat.in_state("needs_clear")["bed"]["why"]


@pytest.mark.fault("hard_fail")
def test_our_job_ends_in_a_fault_and_stays_open_until_it_is_resolved(farm: Any) -> None:
    seat = farm.take()
    job = seat.job_until(seat.start(farm.sliced("P1S", 240.0)), "printing")
    seat.until(lambda p: p["state"] == "printing" and p["job"]["layer"])
    seat.sim.do("hard_fail")
    panel = seat.in_state("fault")
    assert panel["fault"]["text"].startswith("Bed levelling failed.")
    seat.sim.handle.do("clear_hms")
    seat.order(c.ClearFault())
    ended = seat.job_until(job, "failed")
    assert ended.error.text.startswith("Bed levelling failed.")
    assert "failed" in seat.in_state("needs_clear")["bed"]["why"]


@pytest.mark.fault("power_cycle")
def test_a_power_cut_ends_our_job_in_words(farm: Any) -> None:
    seat = farm.take()
    job = seat.job_until(seat.start(farm.sliced("P1S", 240.0)), "printing")
    seat.until(lambda p: p["state"] == "printing")
    seat.sim.do("power_cycle")
    ended = seat.job_until(job, "failed")
    assert ended.error.text == (
        f"{seat.name} no longer has the job: cancelled there, switched off or restarted."
    )
    assert seat.in_state("needs_clear")["bed"]["clear"] is False


@pytest.mark.fault("drop_tcp")
def test_a_connection_lost_during_our_print_loses_no_job(farm: Any) -> None:
    seat = farm.take()
    job = seat.job_until(seat.start(farm.sliced("P1S", 240.0)), "printing")
    seat.sim.do("drop_tcp")
    seat.until(lambda _: any(s.state.value == "offline" for s in seat.history))
    seat.until(lambda p: p["state"] in ("printing", "preparing"))
    assert farm.jobs.job(job.id).state.value == "printing"
    assert len(seat.sim.handle.requests("project_file")) == 1


@pytest.mark.fault("start_local")
def test_somebody_is_faster_at_the_screen(farm: Any) -> None:
    seat = farm.take()
    seat.sim.handle.set(ftps_bytes_per_s=30_000)
    job = seat.start()
    seat.in_state("uploading")
    name = seat.stored()
    seat.sim.do("start_local", name=name)
    seat.sim.handle.set(ftps_bytes_per_s=0)
    ended = seat.job_until(job, "failed")
    assert seat.name in ended.error.text and "Nothing was started" in ended.error.text
    assert seat.sim.handle.requests("project_file") == []
    assert seat.until(lambda p: p["bed"]["why"].startswith("Someone"))["bed"]["clear"] is False


@pytest.mark.fault("dev_mode_off")
def test_developer_mode_off_is_learned_from_a_refused_start(farm: Any) -> None:
    """A P1S answers nothing and shows an HMS entry: that is a refusal, not a doubt."""
    seat = farm.take()
    seat.sim.set(dev_mode_off=True)
    job = seat.job_until(seat.start(), "failed")
    assert job.error.text.startswith(f"{seat.name} takes no orders over the network")
    assert "Developer Mode" in job.error.text
    panel = seat.until(lambda p: p["lock"])
    assert panel["bed"]["clear"] and panel["state"] == "ready"
    assert seat.blocked() == ("developer_mode_off", panel["lock"]["text"])
    with pytest.raises(FarmError, match="Developer Mode"):
        seat.start()


def test_a_start_from_many_browsers_is_one_start(farm: Any) -> None:
    seat = farm.take()
    farm.sliced("P1S")
    answers: list[str] = []

    def press() -> None:
        try:
            answers.append(seat.start().id)
        except FarmError as error:
            answers.append(error.message)

    presses = [threading.Thread(target=press, name=f"browser{n}") for n in range(8)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join(10)
    started = [a for a in answers if seat.name not in a]
    assert len(started) == 1 and len(answers) == 8
    seat.until(lambda _: len(seat.sim.handle.requests("project_file")) == 1)
    job = farm.jobs.job(started[0])
    seat.job_until(job, "printing", "finished")
    assert len(seat.sim.handle.requests("project_file")) == 1

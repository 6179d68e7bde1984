"""The whole adapter against a simulated printer: commands, proofs, starts, the camera's place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    ConfigError,
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
    Unusable,
)
from core.jsonio import dumps
from core.secret import Secret
from printers import commands as c
from printers.bambu.watchdog import Timing
from printers.status import PrinterState
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.waiting import wait_for


def ready(bambu_rig: Callable[..., Any], model: str = "P1S", **options: Any) -> Any:
    rig = bambu_rig(model, **options)
    rig.online()
    return rig


def test_building_needs_neither_network_nor_disk(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(start=False, host="198.51.100.1")
    status = rig.status
    assert status.state is PrinterState.CONNECTING
    assert status.observed_at is None
    assert list(rig.data_dir.iterdir()) == []
    assert "Cedar" in status.message


@pytest.mark.parametrize("option", ["url_form", "ftps_protect"])
def test_an_impossible_option_is_a_configuration_error(
    bambu_rig: Callable[..., Any], option: str
) -> None:
    with pytest.raises(ConfigError, match=option):
        bambu_rig(start=False, options={option: "nonsense"})


@pytest.mark.parametrize("model", ["X1C", "P1S", "P1P", "A1", "A1 mini", "H2D"])
def test_every_model_is_read_and_takes_orders(bambu_rig: Callable[..., Any], model: str) -> None:
    rig = ready(bambu_rig, model)
    status = rig.until(lambda s: s.machine.firmware)
    assert status.state is PrinterState.IDLE
    assert status.heater("bed") is not None
    assert (status.heater("nozzle2") is not None) == (model == "H2D")
    rig.printer.execute(c.SetTemperature(heater="bed", target=55))
    rig.until(lambda s: (h := s.heater("bed")) and h.target == 55, "bed target never shown")
    rig.printer.execute(c.CoolDown())
    rig.until(lambda s: (h := s.heater("bed")) and h.target == 0, "never cooled down")
    assert rig.status.notices == ()


def test_light_fan_and_home_are_carried_out(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    rig.printer.execute(c.SetLight(on=False))
    rig.until(lambda s: s.light is False)
    rig.printer.execute(c.SetFan(fan="part", percent=60))
    rig.until(lambda s: any(f.name == "part" and abs(f.percent - 60) < 12 for f in s.fans))
    rig.printer.execute(c.Home())
    rig.until(lambda s: s.homed == "xyz", "never homed")
    rig.in_state(PrinterState.IDLE)
    rig.printer.execute(c.Jog(x=5, z=2))
    assert rig.sim.requests("gcode_line")[-1]["param"].startswith("M1002 push_ref_mode\nG91\n")


def test_the_printers_no_is_a_sentence(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    rig.sim.set(fail_commands="ledctrl")
    with pytest.raises(PrinterRejected, match="Cedar refused"):
        rig.printer.execute(c.SetLight(on=False))


def test_no_answer_is_uncertain_and_never_sent_again(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    rig.sim.set(no_ack=True)
    with pytest.raises(PrinterTimeout, match="not known"):
        rig.printer.execute(c.SetLight(on=False), timeout=0.3)
    assert len(rig.sim.requests("ledctrl")) == 1


def test_a_late_answer_settles_nothing_else(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    rig.sim.set(ack_delay_s=0.4)
    with pytest.raises(PrinterTimeout):
        rig.printer.execute(c.SetLight(on=False), timeout=0.1)
    with pytest.raises(PrinterTimeout):
        rig.printer.execute(c.SetLight(on=True), timeout=0.2)
    rig.printer.execute(c.SetLight(on=True), timeout=2)


def test_a_session_that_ends_meanwhile_is_uncertain_at_once(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    rig.sim.set(no_ack=True)
    timer = threading.Timer(0.1, rig.sim.drop_tcp)
    timer.start()
    began = time.monotonic()
    with pytest.raises(PrinterTimeout, match="broke before it answered"):
        rig.printer.execute(c.SetLight(on=False), timeout=5)
    timer.join()
    assert time.monotonic() - began < 2


def test_many_callers_get_their_own_answers(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    wrong: list[str] = []

    def call(number: int) -> None:
        for turn in range(10):
            try:
                rig.printer.execute(c.SetFan(fan="part", percent=(number * 10 + turn) % 100))
            except PrinterTimeout as error:
                wrong.append(error.message)

    threads = [threading.Thread(target=call, args=(n,), name=f"caller{n}") for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert wrong == []
    sequences = [body["sequence_id"] for body in rig.sim.requests("gcode_line")]
    assert len(sequences) == len(set(sequences)) == 80


def test_firmware_that_ignores_temperatures_is_noticed(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig, knobs={"ignore_m104": True})
    rig.printer.execute(c.SetTemperature(heater="nozzle", target=200))
    rig.sim.do("inject_hms", attr=0x03000100, code=0x00030002)
    status = rig.until(lambda s: s.notices, "never noticed")
    assert status.notices[0].code == "temperature_ignored"
    assert "ignores temperature" in status.notices[0].text
    rig.sim.set(ignore_m104=False)
    rig.printer.execute(c.SetTemperature(heater="nozzle", target=200))
    rig.until(lambda s: not s.notices, "the note stayed")


@pytest.mark.parametrize("model", ["P1S", "H2D"])
def test_developer_mode_off_is_learned_from_bit_or_refusal(
    bambu_rig: Callable[..., Any], model: str
) -> None:
    rig = ready(bambu_rig, model, knobs={"dev_mode_off": True})
    if model == "H2D":
        rig.until(lambda s: s.lock)
    with pytest.raises((PrinterRejected, PrinterTimeout)):
        rig.printer.execute(c.SetTemperature(heater="bed", target=50), timeout=1.0)
    status = rig.until(lambda s: s.lock, "never locked")
    assert status.lock.code == "developer_mode_off"
    assert "Developer Mode" in status.lock.text


def test_a_slot_is_saved_for_the_next_start_without_a_message(
    bambu_rig: Callable[..., Any],
) -> None:
    rig = ready(bambu_rig)
    slot = rig.status.trays()[1].slot
    count = len(rig.sim.requests())
    result = rig.printer.execute(c.SelectTray(slot=slot))
    assert result.text == "saved for the next start"
    rig.until(lambda _: rig.published[-1].next_tray == slot, "not published")
    sent = [key for request in rig.sim.requests()[count:] for key in request]
    assert "print" not in sent
    with pytest.raises(Unusable, match="no slot"):
        rig.printer.execute(c.SelectTray(slot="Z9"))


def test_the_next_start_uses_the_saved_slot_up(
    bambu_rig: Callable[..., Any], tmp_path: Path
) -> None:
    rig = ready(bambu_rig)
    rig.printer.execute(c.SelectTray(slot=rig.status.trays()[1].slot))
    _send_file(rig, tmp_path)
    assert rig.status.next_tray
    rig.printer.start_print(_start())
    rig.until(lambda _: not rig.published[-1].next_tray, "the slot is still chosen")


def test_there_is_no_emergency_stop_over_the_network(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(start=False)
    with pytest.raises(Unusable, match="printer's switch"):
        rig.printer.execute(c.EmergencyStop())
    with pytest.raises(Unusable):
        rig.printer.execute(_start())
    with pytest.raises(PrinterOffline, match="Nothing was sent"):
        rig.printer.execute(c.Pause())
    with pytest.raises(PrinterOffline):
        rig.printer.refresh()


def _start(**changes: Any) -> c.StartPrint:
    values: dict[str, Any] = {
        "remote_name": "farm_77_gear.gcode.3mf",
        "token": 1_700_000_077,
        "display_name": "gear",
        "plate": 1,
        "ams_mapping": (0,),
    }
    return c.StartPrint(**{**values, **changes})


def _send_file(rig: Any, folder: Path, model: str = "P1S") -> None:
    path = folder / "gear.gcode.3mf"
    path.write_bytes(build_gcode_3mf([PlateSpec()], model=model, name="gear"))
    size = rig.printer.upload(path, "farm_77_gear.gcode.3mf", lambda *_: None, threading.Event())
    assert size == path.stat().st_size


@pytest.mark.parametrize("model", ["P1S", "X1C"])
def test_upload_start_pause_resume_stop(
    bambu_rig: Callable[..., Any], tmp_path: Path, model: str
) -> None:
    rig = ready(bambu_rig, model, time_scale=400.0, timing=Timing(tick=0.05))
    _send_file(rig, tmp_path, model)
    rig.printer.start_print(_start())
    (sent,) = rig.sim.requests("project_file")
    assert sent["task_id"] == "1700000077"
    status = rig.until(lambda s: s.job and s.job.task_id == "1700000077", "no evidence")
    assert status.job.file or status.job.name
    rig.in_state(PrinterState.PRINTING)
    rig.printer.execute(c.Pause())
    rig.in_state(PrinterState.PAUSED)
    rig.printer.execute(c.Resume())
    rig.in_state(PrinterState.PRINTING)
    rig.printer.execute(c.Stop())
    rig.in_state(PrinterState.FAILED)
    assert PrinterState.FAULT not in [item.state for item in rig.published]
    assert [n.code for n in rig.status.notices] == []


def test_a_start_is_refused_while_the_printer_is_busy(
    bambu_rig: Callable[..., Any], tmp_path: Path
) -> None:
    rig = ready(bambu_rig, time_scale=10.0)
    _send_file(rig, tmp_path)
    rig.printer.start_print(_start())
    rig.until(lambda s: s.state.has_job)
    with pytest.raises(PrinterRejected, match="busy with another job"):
        rig.printer.start_print(_start(token=1_700_000_078))


def test_a_start_without_an_answer_is_uncertain(
    bambu_rig: Callable[..., Any], tmp_path: Path
) -> None:
    rig = ready(bambu_rig)
    _send_file(rig, tmp_path)
    rig.sim.set(no_ack=True)
    with pytest.raises(PrinterTimeout):
        rig.printer.start_print(_start(), timeout=0.3)
    wait_for(lambda: rig.sim.requests("project_file"), "the order to arrive")
    assert len(rig.sim.requests("project_file")) == 1
    rig.sim.set(no_ack=False)


def test_no_reconnect_while_a_start_waits_for_its_evidence(
    bambu_rig: Callable[..., Any], tmp_path: Path
) -> None:
    rig = ready(bambu_rig, knobs={"start_delay_s": 60.0})
    _send_file(rig, tmp_path)
    attempts = rig.printer.diagnostics()["attempts"]
    rig.printer.start_print(_start())
    rig.sim.set(mute_all=True)
    time.sleep(1.9)  # longer than the watchdog would wait
    assert rig.printer.diagnostics()["attempts"] == attempts


def test_a_refresh_is_newer_than_its_call(bambu_rig: Callable[..., Any]) -> None:
    for model in ("P1S", "X1C"):
        rig = ready(bambu_rig, model)
        called = time.monotonic()
        status = rig.printer.refresh()
        assert status.observed_mono is not None
        assert status.observed_mono >= called
        rig.sim.set(mute_all=True)
        with pytest.raises((PrinterTimeout, PrinterOffline)):
            rig.printer.refresh(timeout=0.5)
        rig.printer.stop()


def test_equal_reports_are_not_published_again_at_once(bambu_rig: Callable[..., Any]) -> None:
    """X1 repeats everything; only a sign of life now and then goes out, yet status stays fresh."""
    rig = bambu_rig("X1C", timing=Timing(tick=0.05, publish=30.0))
    rig.online()
    listener = rig.printer._listener
    frame = {"print": {**listener.reading.report.data, "command": "push_status", "msg": 0}}
    count = len(rig.published)
    before = rig.status.observed_mono
    for _ in range(50):
        listener.session_payload(dumps(frame))
    assert len(rig.published) - count <= 3
    assert rig.status.observed_mono > before
    assert rig.status.heaters is rig.published[-1].heaters


def test_the_camera_is_named_with_its_pinned_context(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig("P1S", start=False)
    source = rig.printer.camera()
    assert source is not None
    assert source.kind == "bambu_jpeg"
    assert source.port == rig.farm.endpoints["cedar"].camera_port
    assert source.secret == rig.printer.config.access_code
    with pytest.raises(PrinterOffline):
        source.tls()
    rig.printer.start()
    rig.online()
    assert source.tls().verify_mode.name == "CERT_REQUIRED"
    assert bambu_rig("X1C", start=False).printer.camera().kind == "rtsps"
    assert bambu_rig("X1C", start=False, camera_enabled=False).printer.camera() is None


def test_a_model_in_the_settings_that_is_not_the_printers_is_noted(
    bambu_rig: Callable[..., Any],
) -> None:
    rig = bambu_rig("P1S", start=False)
    rig.build(replace(rig.printer.config, model="X1C"), rig.printer._timing)
    rig.printer.start()
    status = rig.until(lambda s: s.notices)
    assert status.notices[0].code == "model_differs"
    assert status.machine.name == "P1S"
    assert status.heater("chamber") is None  # the bogus 5 degrees of a P1S


def test_diagnostics_hold_the_report_but_no_secret(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    code = rig.printer.config.access_code.reveal()
    found = rig.printer.diagnostics()
    assert found["report"]["gcode_state"] == "IDLE"
    assert found["messages"]["received"] >= 1
    assert found["sessions"] == 0  # counted when they end
    assert code not in str(found)
    assert code not in repr(rig.printer.config)
    assert isinstance(rig.printer.config.access_code, Secret)

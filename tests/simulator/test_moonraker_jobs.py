"""The simulated Moonraker's prints and console, over real sockets (octoprint-moonraker 4)."""

from __future__ import annotations

import pytest

from simulator.moonraker.gcode_program import read_program
from tests.simulator.moonraker_client import bench, plain, sliced
from tests.simulator.moonraker_prints import RUNNING, extruding, settled, start
from tests.waiting import wait_for


def test_a_print_runs_to_its_end_and_is_in_the_history(moonraker):
    client = start(moonraker, seconds=20)
    job = settled(moonraker, "completed")
    status = client.status("print_stats", "virtual_sdcard", "display_status", "extruder")
    assert status["print_stats"]["state"] == "complete"
    assert status["print_stats"]["print_duration"] == pytest.approx(20, abs=3)
    assert status["virtual_sdcard"]["progress"] == 1.0
    assert status["virtual_sdcard"]["file_path"] is None
    assert job["job_id"] == "000001"
    assert job["user"] == "_API_KEY_USER_"
    assert client.get("/server/files/metadata", filename="part.gcode")["job_id"] == "000001"


def test_print_duration_leaves_out_heating_and_pauses():
    with bench(time_scale=20.0) as moonraker:
        client = start(moonraker, heat=60)
        wait_for(lambda: client.status("print_stats")["print_stats"]["total_duration"] > 4)
        assert client.status("print_stats")["print_stats"]["print_duration"] == 0.0
        extruding(moonraker)
        client.rpc("printer.print.pause")
        before = client.status("print_stats")["print_stats"]
        wait_for(
            lambda: (
                client.status("print_stats")["print_stats"]["total_duration"]
                > before["total_duration"] + 5
            )
        )
        assert client.status("print_stats")["print_stats"]["print_duration"] == pytest.approx(
            before["print_duration"], abs=0.01
        )


def test_pause_waits_for_m109_and_gcode_too():
    with bench(time_scale=4.0) as moonraker:
        client = start(moonraker, heat=45)
        wait_for(lambda: client.status("toolhead=homed_axes")["toolhead"]["homed_axes"] == "xyz")
        pause = client.send("printer.print.pause")
        script = client.send("printer.gcode.script", script="M117 later")
        heat = client.status("extruder")["extruder"]["temperature"]
        assert heat < 40
        assert not [m for m in client.messages if m.get("id") in (pause, script)]
        assert client.answer(pause)["result"] == "ok"
        assert client.answer(script)["result"] == "ok"
        assert client.status("extruder")["extruder"]["temperature"] > 42
        assert client.job() == "paused"


def test_starting_another_file_while_paused_replaces_the_job(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    client.rpc("printer.print.pause")
    client.upload("other.gcode", plain(14_400))
    assert client.rpc("printer.print.start", filename="other.gcode")["result"] == "ok"
    status = client.status("print_stats", "pause_resume")
    assert status["print_stats"]["filename"] == "other.gcode"
    assert status["pause_resume"] == {"is_paused": True}
    assert client.rpc("printer.print.resume")["error"] == {"code": 400, "message": "SD busy"}
    assert client.get("/server/history/list")["jobs"][0]["filename"] == "part.gcode"


def test_commands_while_idle_are_answered_ok_and_announced(moonraker):
    client = moonraker.client.online()
    for command in ("pause", "resume", "cancel"):
        assert client.rpc(f"printer.print.{command}")["result"] == "ok"
    heard = [m["params"][0] for m in client.messages if m.get("method") == "notify_gcode_response"]
    assert heard == ["// action:paused", "// action:resumed", "// action:cancel"]


def test_an_upload_with_print_does_not_start_while_the_server_still_believes_in_the_old_job(
    moonraker,
):
    client = start(moonraker)
    settled(moonraker, "in_progress")
    server = moonraker.farm._hosts["p0"].server
    moonraker.farm.call(lambda: setattr(server, "_next_poll", float("inf")))  # it looks away
    client.rpc("printer.print.cancel")
    first = client.upload("b.gcode", plain(3600), print="true").json()
    moonraker.farm.call(lambda: setattr(server, "_next_poll", 0.0))
    settled(moonraker, "cancelled")
    second = client.upload("c.gcode", plain(3600), print="true").json()
    assert first["print_started"] is False
    assert second["print_started"] is True


def test_progress_counts_the_header_until_the_metadata_is_used(moonraker):
    client = moonraker.client.online()
    client.upload("thumbs.gcode", sliced(240, thumbnails=(300,)))
    client.rpc("printer.print.start", filename="thumbs.gcode")
    wait_for(lambda: client.status("virtual_sdcard")["virtual_sdcard"]["file_position"] > 0)
    card = client.status("virtual_sdcard")["virtual_sdcard"]
    known = client.get("/server/files/metadata", filename="thumbs.gcode")
    span = known["gcode_end_byte"] - known["gcode_start_byte"]
    assert card["progress"] > 0.3
    assert (card["file_position"] - known["gcode_start_byte"]) / span < 0.2


def test_m73_stays_on_the_display_after_the_end():
    with bench(time_scale=20.0) as moonraker:
        client = start(moonraker, seconds=20, body="M73 P90 R1")
        settled(moonraker, "completed")
        assert client.status("display_status")["display_status"]["progress"] == 0.9


def test_runout_pauses_first_and_takes_half_a_second_to_admit_it(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    moonraker.printer.do("runout")
    wait_for(lambda: client.job() == "paused")
    status = client.status("pause_resume", "filament_switch_sensor%20runout", "print_stats")
    assert status["filament_switch_sensor runout"]["filament_detected"] is False
    assert status["print_stats"]["message"] == ""
    assert status["pause_resume"]["is_paused"] is False
    client.rpc("printer.print.resume")  # too early: "Print is not paused"
    assert client.job() == "paused"
    wait_for(lambda: client.status("pause_resume")["pause_resume"]["is_paused"])
    assert client.rpc("printer.print.resume")["result"] == "ok"  # without filament, too
    assert client.job() == "printing"


def test_a_printer_without_a_sensor_has_no_such_object():
    with bench("Voron 0.2") as moonraker:
        found = moonraker.client.get("/printer/objects/list")["objects"]
    assert not any(name.startswith("filament_switch_sensor") for name in found)
    assert "temperature_sensor chamber" in found


@pytest.mark.parametrize("model", ["Voron 2.4", "Voron 0.2", "Ender 3"])
def test_every_listed_object_can_be_asked_for(model):
    with bench(model) as moonraker:
        names = moonraker.client.get("/printer/objects/list")["objects"]
        status = moonraker.client.status(*(name.replace(" ", "%20") for name in names))
    assert set(status) == set(names)
    assert all(status[name] for name in names if not name.startswith("gcode_macro"))


def test_objects_come_from_the_file_and_an_excluded_one_costs_no_filament():
    with bench(time_scale=120.0) as moonraker:
        client = moonraker.client.online()
        client.upload("two.gcode", sliced(1))
        client.rpc("printer.print.start", filename="two.gcode")
        wait_for(lambda: client.status("exclude_object")["exclude_object"]["objects"])
        objects = client.status("exclude_object")["exclude_object"]["objects"]
        assert [one["name"] for one in objects] == ["A_ID_0_COPY_0", "B_ID_0_COPY_0"]
        assert len(objects[0]["polygon"]) >= 4
        client.rpc("printer.gcode.script", script="EXCLUDE_OBJECT NAME=A_id_0_copy_0")
        used = settled(moonraker, "completed")["filament_used"]
        client.rpc("printer.print.start", filename="two.gcode")
        wait_for(lambda: len(client.get("/server/history/list")["jobs"]) == 2)
        assert settled(moonraker, "completed")["filament_used"] > used * 1.5


def test_a_move_out_of_range_ends_the_print_in_error(moonraker):
    client = start(moonraker, body="G1 X9999")
    job = settled(moonraker, "error")
    stats = client.status("print_stats")["print_stats"]
    assert stats["message"].startswith("Move out of range: 9999.000")
    assert job["end_time"] is not None
    assert client.status("extruder")["extruder"]["target"] == 0.0


def test_a_jog_is_taken_during_a_print_and_unknown_words_are_answered_ok(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    assert client.rpc("printer.gcode.script", script="G91\nG1 Z5 F600\nG90")["result"] == "ok"
    assert client.rpc("printer.gcode.script", script="FROB")["result"] == "ok"
    heard = client.wait_for(
        lambda m: m.get("params") == ['// Unknown command:"FROB"'],
    )
    assert heard["method"] == "notify_gcode_response"
    assert client.job() == "printing"


def test_heaters_fans_and_light_follow_gcode(moonraker):
    client = moonraker.client.online()
    script = (
        "SET_HEATER_TEMPERATURE HEATER=chamber TARGET=45\nM104 S60\nM106 S128\n"
        "SET_FAN_SPEED FAN=exhaust SPEED=0.5\nSET_PIN PIN=caselight VALUE=0.7\nM220 S150"
    )
    assert client.rpc("printer.gcode.script", script=script)["result"] == "ok"
    status = client.status(
        "heater_generic%20chamber", "extruder", "fan", "fan_generic%20exhaust",
        "output_pin%20caselight", "gcode_move",
    )  # fmt: skip
    assert status["heater_generic chamber"]["target"] == 45.0
    assert status["extruder"]["target"] == 60.0
    assert status["fan"]["speed"] == pytest.approx(0.502, abs=0.01)
    assert status["fan_generic exhaust"]["speed"] == 0.5
    assert status["output_pin caselight"] == {"value": 0.7}
    assert status["gcode_move"]["speed_factor"] == 1.5
    wait_for(lambda: client.status("extruder")["extruder"]["temperature"] > 58)


def test_errors_with_several_lines_are_unknown_over_http_and_true_over_rpc(moonraker):
    client = moonraker.client.online()
    client.rpc("printer.emergency_stop")
    reply = client.call("POST", "/printer/gcode/script", json={"script": "G28"})
    answer = client.rpc("printer.gcode.script", script="G28")
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "Unknown"
    assert "Shutdown due to webhooks request" in reply.json()["error"]["traceback"]
    assert answer["error"]["message"].startswith("Shutdown due to webhooks request\n")


def test_somebody_starts_a_print_at_the_printers_screen(moonraker):
    client = moonraker.client.online(**RUNNING)
    client.upload("local.gcode", plain(14_400))
    moonraker.printer.do("start_local", name="local.gcode")
    wait_for(lambda: client.job() == "printing")
    assert settled(moonraker, "in_progress")["user"] == "No User"


def test_motion_takes_what_the_slicer_estimated():
    program = read_program(plain(90), (350.0, 350.0, 340.0))
    assert program.total_s == pytest.approx(90)
    assert program.steps[-1].byte == program.size
    assert [step.at for step in program.steps] == sorted(step.at for step in program.steps)
    assert [step.byte for step in program.steps] == sorted(step.byte for step in program.steps)

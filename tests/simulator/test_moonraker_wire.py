"""The simulated Moonraker's quirks and faults, over real sockets (octoprint-moonraker 4)."""

from __future__ import annotations

import time

import pytest
import requests
import websocket

from simulator.actions import catalogue
from simulator.moonraker.gcode_program import read_program
from simulator.scenarios import SCENARIOS
from tests.simulator.moonraker_client import Bench, Client, as_recorded, bench, plain, sliced

RUNNING = {"print_stats": ["state", "filename"], "pause_resume": None, "webhooks": ["state"]}


@pytest.fixture
def made():
    with bench() as one:
        yield one


def start(made: Bench, seconds: int = 14_400, name: str = "part.gcode", **options) -> Client:
    """A print of so many simulated seconds runs; the client is online."""
    client = made.client
    if client.socket is None:
        client.online(**RUNNING)
    assert client.upload(name, plain(seconds, **options)).status_code == 201
    assert client.rpc("printer.print.start", filename=name)["result"] == "ok"
    return client


def extruding(made: Bench) -> None:
    made.until(lambda: made.client.status("print_stats")["print_stats"]["filament_used"] > 0)


def settled(made: Bench, status: str) -> dict:
    """The newest job of the history, once it has this status."""
    jobs: list[dict] = []

    def look() -> bool:
        jobs[:] = made.client.get("/server/history/list", limit=1)["jobs"]
        return bool(jobs) and jobs[0]["status"] == status

    made.until(look, 10)
    return jobs[0]


# jobs


def test_a_print_runs_to_its_end_and_is_in_the_history(made):
    client = start(made, seconds=20)
    job = settled(made, "completed")
    status = client.status("print_stats", "virtual_sdcard", "display_status", "extruder")
    assert status["print_stats"]["state"] == "complete"
    assert status["print_stats"]["print_duration"] == pytest.approx(20, abs=3)
    assert status["virtual_sdcard"]["progress"] == 1.0
    assert status["virtual_sdcard"]["file_path"] is None
    assert job["job_id"] == "000001"
    assert job["user"] == "_API_KEY_USER_"
    assert client.get("/server/files/metadata", filename="part.gcode")["job_id"] == "000001"


def test_print_duration_leaves_out_heating_and_pauses():
    with bench(time_scale=20.0) as made:
        client = start(made, heat=60)
        made.until(lambda: client.status("print_stats")["print_stats"]["total_duration"] > 4)
        assert client.status("print_stats")["print_stats"]["print_duration"] == 0.0
        extruding(made)
        client.rpc("printer.print.pause")
        before = client.status("print_stats")["print_stats"]
        made.until(
            lambda: (
                client.status("print_stats")["print_stats"]["total_duration"]
                > before["total_duration"] + 5
            )
        )
        assert client.status("print_stats")["print_stats"]["print_duration"] == pytest.approx(
            before["print_duration"], abs=0.01
        )


def test_pause_waits_for_m109_and_gcode_too():
    with bench(time_scale=4.0) as made:
        client = start(made, heat=45)
        made.until(lambda: client.status("toolhead=homed_axes")["toolhead"]["homed_axes"] == "xyz")
        pause = client.send("printer.print.pause")
        script = client.send("printer.gcode.script", script="M117 later")
        heat = client.status("extruder")["extruder"]["temperature"]
        assert heat < 40
        assert not [m for m in client.messages if m.get("id") in (pause, script)]
        assert client.answer(pause)["result"] == "ok"
        assert client.answer(script)["result"] == "ok"
        assert client.status("extruder")["extruder"]["temperature"] > 42
        assert client.job() == "paused"


def test_starting_another_file_while_paused_replaces_the_job(made):
    client = start(made)
    extruding(made)
    client.rpc("printer.print.pause")
    client.upload("other.gcode", plain(14_400))
    assert client.rpc("printer.print.start", filename="other.gcode")["result"] == "ok"
    status = client.status("print_stats", "pause_resume")
    assert status["print_stats"]["filename"] == "other.gcode"
    assert status["pause_resume"] == {"is_paused": True}
    assert client.rpc("printer.print.resume")["error"] == {"code": 400, "message": "SD busy"}
    assert client.get("/server/history/list")["jobs"][0]["filename"] == "part.gcode"


def test_commands_while_idle_are_answered_ok_and_announced(made):
    client = made.client.online()
    for command in ("pause", "resume", "cancel"):
        assert client.rpc(f"printer.print.{command}")["result"] == "ok"
    heard = [m["params"][0] for m in client.messages if m.get("method") == "notify_gcode_response"]
    assert heard == ["// action:paused", "// action:resumed", "// action:cancel"]


def test_an_upload_with_print_does_not_start_while_the_server_still_believes_in_the_old_job(made):
    client = start(made)
    settled(made, "in_progress")
    server = made.farm._hosts["p0"].server
    made.farm.call(lambda: setattr(server, "_next_poll", float("inf")))  # it looks away
    client.rpc("printer.print.cancel")
    first = client.upload("b.gcode", plain(3600), print="true").json()
    made.farm.call(lambda: setattr(server, "_next_poll", 0.0))
    settled(made, "cancelled")
    second = client.upload("c.gcode", plain(3600), print="true").json()
    assert first["print_started"] is False
    assert second["print_started"] is True


def test_progress_counts_the_header_until_the_metadata_is_used(made):
    client = made.client.online()
    client.upload("thumbs.gcode", sliced(240, thumbnails=(300,)))
    client.rpc("printer.print.start", filename="thumbs.gcode")
    made.until(lambda: client.status("virtual_sdcard")["virtual_sdcard"]["file_position"] > 0)
    card = client.status("virtual_sdcard")["virtual_sdcard"]
    known = client.get("/server/files/metadata", filename="thumbs.gcode")
    span = known["gcode_end_byte"] - known["gcode_start_byte"]
    assert card["progress"] > 0.3
    assert (card["file_position"] - known["gcode_start_byte"]) / span < 0.2


def test_m73_stays_on_the_display_after_the_end():
    with bench(time_scale=20.0) as made:
        client = start(made, seconds=20, body="M73 P90 R1")
        settled(made, "completed")
        assert client.status("display_status")["display_status"]["progress"] == 0.9


def test_runout_pauses_first_and_takes_half_a_second_to_admit_it(made):
    client = start(made)
    extruding(made)
    made.printer.do("runout")
    made.until(lambda: client.job() == "paused")
    status = client.status("pause_resume", "filament_switch_sensor%20runout", "print_stats")
    assert status["filament_switch_sensor runout"]["filament_detected"] is False
    assert status["print_stats"]["message"] == ""
    assert status["pause_resume"]["is_paused"] is False
    client.rpc("printer.print.resume")  # too early: "Print is not paused"
    assert client.job() == "paused"
    made.until(lambda: client.status("pause_resume")["pause_resume"]["is_paused"])
    assert client.rpc("printer.print.resume")["result"] == "ok"  # without filament, too
    assert client.job() == "printing"


def test_a_printer_without_a_sensor_has_no_such_object():
    with bench("Voron 0.2") as made:
        found = made.client.get("/printer/objects/list")["objects"]
    assert not any(name.startswith("filament_switch_sensor") for name in found)
    assert "temperature_sensor chamber" in found


@pytest.mark.parametrize("model", ["Voron 2.4", "Voron 0.2", "Ender 3"])
def test_every_listed_object_can_be_asked_for(model):
    with bench(model) as made:
        names = made.client.get("/printer/objects/list")["objects"]
        status = made.client.status(*(name.replace(" ", "%20") for name in names))
    assert set(status) == set(names)
    assert all(status[name] for name in names if not name.startswith("gcode_macro"))


def test_objects_come_from_the_file_and_an_excluded_one_costs_no_filament():
    with bench(time_scale=120.0) as made:
        client = made.client.online()
        client.upload("two.gcode", sliced(1))
        client.rpc("printer.print.start", filename="two.gcode")
        made.until(lambda: client.status("exclude_object")["exclude_object"]["objects"])
        objects = client.status("exclude_object")["exclude_object"]["objects"]
        assert [one["name"] for one in objects] == ["A_ID_0_COPY_0", "B_ID_0_COPY_0"]
        assert len(objects[0]["polygon"]) >= 4
        client.rpc("printer.gcode.script", script="EXCLUDE_OBJECT NAME=A_id_0_copy_0")
        used = settled(made, "completed")["filament_used"]
        client.rpc("printer.print.start", filename="two.gcode")
        made.until(lambda: len(client.get("/server/history/list")["jobs"]) == 2)
        assert settled(made, "completed")["filament_used"] > used * 1.5


def test_a_move_out_of_range_ends_the_print_in_error(made):
    client = start(made, body="G1 X9999")
    job = settled(made, "error")
    stats = client.status("print_stats")["print_stats"]
    assert stats["message"].startswith("Move out of range: 9999.000")
    assert job["end_time"] is not None
    assert client.status("extruder")["extruder"]["target"] == 0.0


# the console


def test_a_jog_is_taken_during_a_print_and_unknown_words_are_answered_ok(made):
    client = start(made)
    extruding(made)
    assert client.rpc("printer.gcode.script", script="G91\nG1 Z5 F600\nG90")["result"] == "ok"
    assert client.rpc("printer.gcode.script", script="FROB")["result"] == "ok"
    heard = client.wait_for(
        lambda m: m.get("params") == ['// Unknown command:"FROB"'],
    )
    assert heard["method"] == "notify_gcode_response"
    assert client.job() == "printing"


def test_heaters_fans_and_light_follow_gcode(made):
    client = made.client.online()
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
    made.until(lambda: client.status("extruder")["extruder"]["temperature"] > 58)


def test_errors_with_several_lines_are_unknown_over_http_and_true_over_rpc(made):
    client = made.client.online()
    client.rpc("printer.emergency_stop")
    reply = client.call("POST", "/printer/gcode/script", json={"script": "G28"})
    answer = client.rpc("printer.gcode.script", script="G28")
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "Unknown"
    assert "Shutdown due to webhooks request" in reply.json()["error"]["traceback"]
    assert answer["error"]["message"].startswith("Shutdown due to webhooks request\n")


# Klippy's states


def test_print_stats_says_printing_for_a_moment_after_a_shutdown(made):
    client = start(made)
    extruding(made)
    client.rpc("printer.emergency_stop")
    assert client.status("print_stats", "webhooks")["print_stats"]["state"] == "printing"
    client.notified("notify_klippy_shutdown")
    made.until(lambda: client.job() == "paused")
    assert client.status("webhooks")["webhooks"]["state"] == "shutdown"
    assert settled(made, "klippy_shutdown")["filename"] == "part.gcode"


def test_restart_with_a_halted_board_ends_in_error_and_firmware_restart_helps(made):
    client = made.client.online()
    client.rpc("printer.emergency_stop")
    client.rpc("printer.restart")
    made.until(lambda: client.get("/server/info")["klippy_state"] == "error")
    assert "is shutdown" in client.get("/printer/info")["state_message"]
    client.rpc("printer.firmware_restart")
    client.notified("notify_klippy_ready")
    assert client.get("/printer/info")["state"] == "ready"


def test_subscriptions_die_with_klippy(made):
    client = made.client.online(**RUNNING)
    client.rpc("printer.firmware_restart")
    client.notified("notify_klippy_disconnected")
    client.notified("notify_klippy_ready")
    seen = len(client.messages)
    client.rpc("printer.print.pause")
    client.notified("notify_proc_stat_update", since=seen)
    later = client.messages[seen:]
    assert not [m for m in later if m.get("method") == "notify_status_update"]
    again = client.rpc("printer.objects.subscribe", objects=RUNNING)
    assert again["result"]["status"]["pause_resume"] == {"is_paused": True}


def test_a_klippy_that_dies_loses_the_job_and_comes_back(made):
    client = start(made)
    extruding(made)
    made.printer.do("klippy_disconnect")
    client.notified("notify_klippy_disconnected")
    assert client.call("GET", "/printer/info").status_code == 503
    assert settled(made, "klippy_disconnect")["filename"] == "part.gcode"
    assert client.get("/server/files/list")[0]["path"] == "part.gcode"
    made.printer.do("klippy_reconnect")
    client.notified("notify_klippy_ready")
    assert client.job() == "standby"


def test_a_script_that_waits_is_answered_when_klippy_goes():
    with bench(time_scale=1.0) as made:
        client = made.client.online()
        waiting = client.send("printer.gcode.script", script="M109 S200")
        made.until(lambda: client.status("extruder=target")["extruder"]["target"] == 200.0)
        made.printer.do("klippy_disconnect")
        assert client.answer(waiting)["error"] == {"code": 503, "message": "Klippy Disconnected"}


def test_power_lost_in_a_print_needs_power_and_a_firmware_restart(made):
    client = start(made)
    extruding(made)
    made.printer.do("power_off")
    client.notified("notify_klippy_shutdown")
    info = client.get("/printer/info")
    assert info["state_message"].startswith("Lost communication with MCU 'mcu'")
    client.rpc("printer.firmware_restart")
    made.until(lambda: client.get("/server/info")["klippy_state"] == "error")
    made.printer.do("power_on")
    client.rpc("printer.firmware_restart")
    made.until(lambda: client.get("/server/info")["klippy_state"] == "ready")


def test_dead_heaters_shut_klippy_down(made):
    made.printer.set(heater_power=0.0)
    client = made.client.online()
    client.rpc("printer.gcode.script", script="M104 S200")
    client.notified("notify_klippy_shutdown")
    assert "not heating at expected rate" in client.get("/printer/info")["state_message"]


def test_a_restart_of_the_server_keeps_the_print_and_loses_its_history(made):
    client = start(made)
    extruding(made)
    settled(made, "in_progress")
    made.printer.do("restart_server")
    assert client.lost.wait(5)
    back = made.another().online()
    assert back.call("GET", "/printer/info").status_code == 404
    back.notified("notify_klippy_ready")
    assert back.job() == "printing"
    assert settled(made, "server_exit")["job_id"] == "000001"
    back.rpc("printer.print.cancel")
    made.until(lambda: back.job() == "cancelled")
    assert settled(made, "server_exit")["job_id"] == "000001"
    back.close()


def test_somebody_starts_a_print_at_the_printers_screen(made):
    client = made.client.online(**RUNNING)
    client.upload("local.gcode", plain(14_400))
    made.printer.do("start_local", name="local.gcode")
    made.until(lambda: client.job() == "printing")
    assert settled(made, "in_progress")["user"] == "No User"


# uploads and files


def test_names_are_kept_exactly_and_quoted_paths_find_them(made):
    name = "naïve файл #1 100%.gcode"
    reply = made.client.upload(name, as_recorded(), path="sub one")
    assert reply.status_code == 201
    assert reply.json()["item"]["path"] == f"sub one/{name}"
    where = reply.headers["Location"]
    assert requests.get(where, headers={"X-Api-Key": made.client.key}, timeout=30).ok
    assert made.client.get("/server/files/metadata", filename=f"sub one/{name}")["slicer"]


def test_a_full_disk_answers_500_and_leaves_a_stump(made):
    made.printer.set(disk_full=True)
    reply = made.client.upload("big.gcode", plain(60))
    assert reply.status_code == 500
    assert reply.json()["error"]["message"] == "Internal Server Error"
    listed = made.client.get("/server/files/list")
    assert [one["path"] for one in listed] == ["big.gcode"]
    assert listed[0]["size"] < len(plain(60))


def test_upload_knobs_act(made):
    made.printer.set(upload_truncate_at=100)
    assert made.client.upload("cut.gcode", plain(60)).json()["item"]["size"] == 100
    made.printer.set(upload_truncate_at=0, upload_lost=True)
    assert made.client.upload("lost.gcode", plain(60)).status_code == 201
    assert [one["path"] for one in made.client.get("/server/files/list")] == ["cut.gcode"]
    made.printer.set(upload_lost=False, file_delay_s=0.3)
    assert made.client.upload("late.gcode", plain(60)).json()["item"]["path"] == "late.gcode"
    assert len(made.client.get("/server/files/list")) == 1
    made.until(lambda: len(made.client.get("/server/files/list")) == 2)


# wire


def test_without_a_key_nothing_but_access_info_is_told(made):
    anonymous = made.another("")
    assert anonymous.call("GET", "/server/info").status_code == 401
    assert anonymous.call("GET", "/access/info").status_code == 200
    client = anonymous.open()
    assert client.rpc("server.info")["error"] == {"code": -32602, "message": "Unauthorized"}
    made.client.online().notified("notify_proc_stat_update")
    assert not [m for m in client.messages if m.get("method")]
    anonymous.close()


def test_one_shot_tokens_open_a_web_socket_once(made):
    token = made.client.get("/access/oneshot_token")
    first = made.another("").open(f"/websocket?token={token}")
    assert "result" in first.rpc("server.info")
    first.close()
    second = made.another("").open(f"/websocket?token={token}")
    assert second.rpc("server.info")["error"]["code"] == -32602
    second.close()


def test_malformed_json_gets_a_parse_error_and_lists_are_answered_as_lists(made):
    client = made.client.online()
    assert client.raw("{nonsense")["error"] == {"code": -32700, "message": "Parse error"}
    assert client.raw('{"id":96,"method":"server.info"}')["error"]["code"] == -32600
    assert client.socket is not None
    client.socket.send('[{"jsonrpc":"2.0","id":97,"method":"server.info"}]')
    made.until(lambda: [m for m in client.messages if isinstance(m, list)])


def test_updates_come_at_most_four_times_a_second(made):
    client = start(made)
    client.rpc("printer.objects.subscribe", objects={"print_stats": ["total_duration"]})
    extruding(made)
    seen, began = len(client.messages), time.monotonic()
    client.notified("notify_proc_stat_update", since=seen)
    client.notified("notify_proc_stat_update", since=len(client.messages))
    passed = time.monotonic() - began
    updates = [m for m in client.messages[seen:] if m.get("method") == "notify_status_update"]
    assert 2 <= len(updates) <= 4 * passed + 2


def test_knobs_of_the_web_socket_and_of_http_act(made):
    client = made.client.online()
    made.printer.set(ws_garbage=True)
    client.wait_for(lambda m: "garbage" in m)
    made.printer.set(ws_garbage=False, http_status=502)
    assert made.client.call("GET", "/server/info").status_code == 502
    made.printer.set(http_status=0, ws_off=True)
    with pytest.raises(websocket.WebSocketBadStatusException):
        made.another().open()


def test_commands_can_be_ignored_and_refused(made):
    client = start(made)
    extruding(made)
    made.printer.set(ignore_commands="pause", fail_commands="cancel")
    assert client.rpc("printer.print.pause")["result"] == "ok"
    assert client.job() == "printing"
    assert client.rpc("printer.print.cancel")["error"]["code"] == 400


def test_the_webcam_is_on_the_same_port_and_needs_no_key(made):
    cam = made.client.get("/server/webcams/list")["webcams"][0]
    picture = requests.get(cam["snapshot_url"], timeout=30)
    assert picture.content[:2] == b"\xff\xd8"
    made.printer.do("relative_webcam")
    cam = made.client.get("/server/webcams/list")["webcams"][0]
    assert cam["stream_url"] == "/webcam/?action=stream"


def test_a_scenario_is_under_way_at_birth():
    with bench(scenario="printing", empty=False) as made:
        assert made.client.job() == "printing"
        layer = made.client.status("print_stats")["print_stats"]["info"]["current_layer"]
    assert layer is not None
    assert layer > 0


# the program of a file


def test_motion_takes_what_the_slicer_estimated():
    program = read_program(plain(90), (350.0, 350.0, 340.0))
    assert program.total_s == pytest.approx(90)
    assert program.steps[-1].byte == program.size
    assert [step.at for step in program.steps] == sorted(step.at for step in program.steps)
    assert [step.byte for step in program.steps] == sorted(step.byte for step in program.steps)


# the control port's actions


def test_only_what_people_and_mishaps_do_is_an_action(made):
    def names(host) -> set[str]:
        return set(catalogue(host))

    host = made.farm._hosts["p0"]
    found = made.farm.call(lambda: names(host))
    assert {
        "klippy_shutdown", "klippy_disconnect", "klippy_reconnect", "host_error", "runout",
        "fill_spool", "start_local", "power_off", "power_on", "power_cycle", "restart_server",
        "go_offline", "go_online", "relative_webcam",
    } <= found  # fmt: skip
    assert not found & {"respond", "klippy_gone", "job_started", "temperature"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_can_be_watched(scenario):
    with bench(scenario=scenario, empty=False) as made:
        made.client.online(**RUNNING)
        made.client.notified("notify_proc_stat_update")
        state = made.client.get("/printer/info")["state"]
    assert state == ("shutdown" if scenario == "fault_hms" else "ready")

"""The simulated Klipper shuts down, dies, restarts, loses power; and what one can make it do."""

from __future__ import annotations

import pytest

from simulator.actions import catalogue
from simulator.scenarios import SCENARIOS
from tests.simulator.moonraker_client import bench
from tests.simulator.moonraker_prints import RUNNING, extruding, settled, start
from tests.waiting import wait_for


def test_print_stats_says_printing_for_a_moment_after_a_shutdown(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    client.rpc("printer.emergency_stop")
    assert client.status("print_stats", "webhooks")["print_stats"]["state"] == "printing"
    client.notified("notify_klippy_shutdown")
    wait_for(lambda: client.job() == "paused")
    assert client.status("webhooks")["webhooks"]["state"] == "shutdown"
    assert settled(moonraker, "klippy_shutdown")["filename"] == "part.gcode"


def test_restart_with_a_halted_board_ends_in_error_and_firmware_restart_helps(moonraker):
    client = moonraker.client.online()
    client.rpc("printer.emergency_stop")
    client.rpc("printer.restart")
    wait_for(lambda: client.get("/server/info")["klippy_state"] == "error")
    assert "is shutdown" in client.get("/printer/info")["state_message"]
    client.rpc("printer.firmware_restart")
    client.notified("notify_klippy_ready")
    assert client.get("/printer/info")["state"] == "ready"


def test_subscriptions_die_with_klippy(moonraker):
    client = moonraker.client.online(**RUNNING)
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


def test_a_klippy_that_dies_loses_the_job_and_comes_back(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    moonraker.printer.do("klippy_disconnect")
    client.notified("notify_klippy_disconnected")
    assert client.call("GET", "/printer/info").status_code == 503
    assert settled(moonraker, "klippy_disconnect")["filename"] == "part.gcode"
    assert client.get("/server/files/list")[0]["path"] == "part.gcode"
    moonraker.printer.do("klippy_reconnect")
    client.notified("notify_klippy_ready")
    assert client.job() == "standby"


def test_a_script_that_waits_is_answered_when_klippy_goes():
    with bench(time_scale=1.0) as moonraker:
        client = moonraker.client.online()
        waiting = client.send("printer.gcode.script", script="M109 S200")
        wait_for(lambda: client.status("extruder=target")["extruder"]["target"] == 200.0)
        moonraker.printer.do("klippy_disconnect")
        assert client.answer(waiting)["error"] == {"code": 503, "message": "Klippy Disconnected"}


def test_power_lost_in_a_print_needs_power_and_a_firmware_restart(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    moonraker.printer.do("power_off")
    client.notified("notify_klippy_shutdown")
    info = client.get("/printer/info")
    assert info["state_message"].startswith("Lost communication with MCU 'mcu'")
    client.rpc("printer.firmware_restart")
    wait_for(lambda: client.get("/server/info")["klippy_state"] == "error")
    moonraker.printer.do("power_on")
    client.rpc("printer.firmware_restart")
    wait_for(lambda: client.get("/server/info")["klippy_state"] == "ready")


def test_dead_heaters_shut_klippy_down(moonraker):
    moonraker.printer.set(heater_power=0.0)
    client = moonraker.client.online()
    client.rpc("printer.gcode.script", script="M104 S200")
    client.notified("notify_klippy_shutdown")
    assert "not heating at expected rate" in client.get("/printer/info")["state_message"]


def test_a_restart_of_the_server_keeps_the_print_and_loses_its_history(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    settled(moonraker, "in_progress")
    moonraker.printer.do("restart_server")
    assert client.lost.wait(5)
    back = moonraker.another().online()
    assert back.call("GET", "/printer/info").status_code == 404
    back.notified("notify_klippy_ready")
    assert back.job() == "printing"
    assert settled(moonraker, "server_exit")["job_id"] == "000001"
    back.rpc("printer.print.cancel")
    wait_for(lambda: back.job() == "cancelled")
    assert settled(moonraker, "server_exit")["job_id"] == "000001"
    back.close()


def test_a_scenario_is_under_way_at_birth():
    with bench(scenario="printing", empty=False) as moonraker:
        assert moonraker.client.job() == "printing"
        layer = moonraker.client.status("print_stats")["print_stats"]["info"]["current_layer"]
    assert layer is not None
    assert layer > 0


def test_only_what_people_and_mishaps_do_is_an_action(moonraker):
    def names(host) -> set[str]:
        return set(catalogue(host))

    host = moonraker.farm._hosts["p0"]
    found = moonraker.farm.call(lambda: names(host))
    assert {
        "klippy_shutdown", "klippy_disconnect", "klippy_reconnect", "host_error", "runout",
        "fill_spool", "start_local", "power_off", "power_on", "power_cycle", "restart_server",
        "go_offline", "go_online", "relative_webcam",
    } <= found  # fmt: skip
    assert not found & {"respond", "klippy_gone", "job_started", "temperature"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_can_be_watched(scenario):
    with bench(scenario=scenario, empty=False) as moonraker:
        moonraker.client.online(**RUNNING)
        moonraker.client.notified("notify_proc_stat_update")
        state = moonraker.client.get("/printer/info")["state"]
    assert state == ("shutdown" if scenario == "fault_hms" else "ready")

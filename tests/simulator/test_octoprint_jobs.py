"""Jobs on the simulated OctoPrint: states, events, and everything that ends a job."""

from __future__ import annotations

import pytest
import requests

from tests.simulator.octoprint_client import Client, farm_of_one, gcode, until

BUSY = ["STARTING", "PRINTING"]


@pytest.fixture
def client():
    with farm_of_one(time_scale=20) as farm:
        one = Client(farm)
        yield one
        one.close()


@pytest.fixture
def ear(client):
    one = client.listen()
    one.next("history")
    yield one
    one.close()


def test_a_job_runs_to_its_end_and_says_so_by_event_only(client, ear):
    client.print_file(content=gcode(0.5))
    done = ear.event("PrintDone")
    client.wait("Operational")
    job = client.job()
    assert done["path"] == "part.gcode" and done["time"] == pytest.approx(30, abs=8)
    assert job["progress"]["completion"] == 100.0
    assert job["progress"]["printTimeLeft"] == 0
    assert job["job"]["file"]["name"] == "part.gcode"
    assert job["job"]["lastPrintTime"] == done["time"]
    assert ear.states() == [*BUSY, "FINISHING", "OPERATIONAL"]
    assert "PrintFailed" not in ear.events()


def test_progress_counts_bytes_of_the_file(client):
    client.print_file(content=gcode(1, middle="; " + "x" * 20_000))
    until(lambda: client.job()["progress"]["completion"], "progress")
    seen = client.job()["progress"]
    size = client.job()["job"]["file"]["size"]
    assert seen["completion"] == pytest.approx(100 * seen["filepos"] / size)


def test_the_time_left_comes_from_the_analysis_when_there_is_one(client):
    assert client.upload("part.gcode", gcode(60)).status_code == 201
    until(lambda: "gcodeAnalysis" in client.get("/api/files/local/part.gcode"), "analysis")
    client.post("/api/files/local/part.gcode", command="select", print=True)
    client.wait("Printing")
    progress = client.job()["progress"]
    assert progress["printTimeLeftOrigin"] == "analysis"
    assert 3000 < progress["printTimeLeft"] <= 3600
    assert client.job()["job"]["estimatedPrintTime"] == 3600.0


def test_the_analysis_waits_until_the_job_stands(client, ear):
    client.upload("part.gcode", gcode(60), print="true")
    client.upload("other.gcode", gcode(1))
    client.wait("Printing")
    assert client.job()["job"]["filament"] is None
    client.post("/api/job", command="pause", action="pause")
    ear.event("PrintPaused")
    assert ear.event("MetadataAnalysisFinished")["path"] in ("part.gcode", "other.gcode")


def test_start_without_a_selected_file_is_204_and_nothing(client, ear):
    assert client.post("/api/job", command="start") == 204
    assert client.state == "Operational"
    assert "PrintStarted" not in ear.events()


def test_selecting_the_printed_file_again_clears_its_progress(client):
    client.print_file(content=gcode(0.1))
    client.wait("Operational")
    assert client.job()["progress"]["completion"] == 100.0
    assert client.post("/api/files/local/part.gcode", command="select") == 204
    assert client.job()["progress"]["completion"] is None


def test_pause_and_resume_pass_through_their_states(client, ear):
    client.printer.set(settle_s=0.4)
    client.print_file()
    assert client.post("/api/job", command="pause", action="pause") == 204
    assert client.state == "Pausing"
    assert client.post("/api/job", command="pause", action="resume") == 204  # too early: nothing
    assert client.post("/api/job", command="pause", action="pause") == 204
    assert ear.event("PrintPaused")["user"] == "admin"
    client.wait("Paused")
    position = client.job()["progress"]["filepos"]
    assert client.post("/api/job", command="pause", action="pause") == 204
    assert client.post("/api/job", command="pause") == 204  # toggles
    client.wait("Printing")
    assert client.job()["progress"]["filepos"] >= position
    assert ear.states() == [*BUSY, "PAUSING", "PAUSED", "RESUMING", "PRINTING"]


def test_cancel_keeps_the_file_and_clears_the_progress(client, ear):
    client.print_file()
    client.post("/api/printer/bed", command="target", target=60)
    assert client.post("/api/job", command="cancel") == 204
    job = client.job()
    assert job["state"] == "Cancelling"
    assert job["job"]["file"]["name"] == "part.gcode"
    assert set(job["progress"].values()) == {None}
    failed = ear.event("PrintFailed")
    assert failed["reason"] == "cancelled" and failed["user"] == "admin"
    client.wait("Operational")
    assert client.job()["job"]["file"]["name"] == "part.gcode"
    assert client.get("/api/printer")["temperature"]["bed"]["target"] == 0.0
    assert ear.states()[-2:] == ["CANCELLING", "OPERATIONAL"]
    assert client.get("/api/files/local/part.gcode")["prints"]["failure"] == 1


def test_restart_begins_again_from_a_pause(client, ear):
    client.print_file()
    client.post("/api/job", command="pause", action="pause")
    client.wait("Paused")
    assert client.post("/api/job", command="restart") == 204
    client.wait("Printing")
    assert ear.events().count("PrintStarted") == 2
    assert "PrintFailed" not in ear.events()


def test_m0_in_the_file_pauses_without_a_user(client, ear):
    client.print_file(content=gcode(0.5, middle="M0"))
    assert ear.event("CommandSuppressed")["command"] == "M0"
    assert "user" not in ear.event("PrintPaused")
    assert client.state == "Paused"


def test_print_true_starts_only_an_idle_printer(client):
    first = client.upload("a.gcode", gcode(60), print="true").json()
    second = client.upload("b.gcode", gcode(60), print="true").json()
    assert (first["effectivePrint"], second["effectivePrint"]) == (True, False)
    assert client.job()["job"]["file"]["name"] == "a.gcode"
    client.post("/api/connection", command="disconnect")
    assert client.upload("c.gcode", gcode(1), print="true").json()["effectivePrint"] is False


def test_a_second_select_with_print_is_refused_and_changes_nothing(client):
    client.print_file()
    client.upload("other.gcode", gcode(1))
    assert client.post("/api/files/local/other.gcode", command="select", print=True) == 409
    assert client.job()["job"]["file"]["name"] == "part.gcode"


def test_raw_gcode_and_targets_pass_while_printing_and_moves_do_not(client):
    client.print_file()
    assert client.post("/api/printer/command", command="G28") == 204
    assert client.post("/api/printer/tool", command="target", targets={"tool0": 99}) == 204
    assert client.post("/api/printer/printhead", command="jog", x=1) == 409
    assert client.post("/api/printer/printhead", command="home", axes=["x"]) == 409
    assert client.post("/api/printer/tool", command="extrude", amount=1) == 409

    def target():
        return client.get("/api/printer")["temperature"]["tool0"]["target"]

    until(lambda: target() == 99.0, "the target, after the homing that came before it")


def test_commands_move_the_machine(client):
    client.post("/api/printer/printhead", command="home", axes=["x", "y", "z"])
    until(lambda: client.printer.peek(lambda m: m.axes.homed) == 7, "homing")
    before = client.printer.peek(lambda m: dict(m.axes.position))
    client.post("/api/printer/printhead", command="jog", x=-10, z=5)
    after = client.printer.peek(lambda m: dict(m.axes.position))
    assert after["X"] - before["X"] == -10 and after["Z"] - before["Z"] == 5
    client.post("/api/printer/printhead", command="feedrate", factor=150)
    client.post("/api/printer/tool", command="flowrate", factor=0.9)
    client.post("/api/printer/command", command="M106 S255")
    assert client.printer.peek(lambda m: (m.feed_percent, m.flow_percent)) == (150, 90)
    assert client.printer.peek(lambda m: m.fans[1]) == pytest.approx(100)


def test_a_tool_that_is_not_there_is_accepted_and_ignored(client):
    assert client.post("/api/printer/tool", command="target", targets={"tool7": 60}) == 204
    assert client.get("/api/printer")["temperature"]["tool0"]["target"] == 0.0


# what people, firmware and cables do


def test_somebody_starts_a_file_in_the_page(client, ear):
    client.upload("foreign.gcode", gcode(60))
    client.printer.do("start_local", name="foreign.gcode")
    client.wait("Printing")
    assert ear.event("PrintStarted")["path"] == "foreign.gcode"
    assert client.job()["job"]["file"]["path"] == "foreign.gcode"


def test_the_firmware_pauses_and_cancels_without_a_user(client, ear):
    client.print_file()
    client.printer.do("firmware_pause")
    assert "user" not in ear.event("PrintPaused")
    client.wait("Paused")
    client.printer.do("firmware_cancel")
    assert "user" not in ear.event("PrintFailed")
    client.wait("Operational")


def test_a_printer_switched_off_loses_the_job_and_the_port(client, ear):
    client.print_file()
    client.printer.do("power_off")
    failed = ear.event("PrintFailed")
    assert (failed["reason"], failed["error"]) == ("error", "SerialTimeoutException: ")
    assert 0 <= failed["progress"] < 1
    job = client.job()
    assert (job["state"], job["error"]) == ("Offline after error", "SerialTimeoutException: ")
    assert job["job"]["file"]["name"] is None
    connection = client.get("/api/connection")
    assert connection["current"]["state"] == "Closed"
    assert "/dev/ttyUSB0" not in connection["options"]["ports"]
    assert client.post("/api/connection", command="connect", port="/dev/ttyUSB0") == 400
    assert client.post("/api/connection", command="connect") == 204
    assert client.state == "Opening serial connection"
    client.printer.do("power_on")
    client.wait("Operational")
    assert "error" not in client.job()


def test_a_silent_board_is_connecting_and_then_offline(client):
    client.post("/api/connection", command="disconnect")
    client.printer.set(board_silent=True, connect_timeout_s=0.5)
    client.post("/api/connection", command="connect")
    assert client.state == "Connecting"
    assert client.call("GET", "/api/printer").status_code == 409
    client.wait("Offline")
    assert "error" not in client.job()


def test_a_thermal_runaway_is_explained(client, ear):
    client.print_file()
    client.printer.do("hard_fail")
    error = ear.event("Error")
    assert error["reason"] == "firmware" and "Thermal Runaway" in error["error"]
    job = client.job()
    assert job["state"] == "Offline after error" and job["error"] == error["error"]
    assert client.get("/api/printer/error") == error
    assert ear.states()[-2:] == ["ERROR", "OFFLINE"]
    client.post("/api/connection", command="connect")
    client.wait("Operational")
    assert client.get("/api/printer/error") == {"error": "", "reason": ""}


def test_m112_closes_the_port_and_the_heaters(client, ear):
    client.print_file()
    client.post("/api/printer/bed", command="target", target=60)
    assert client.post("/api/printer/command", command="M112") == 204
    job = client.job()
    assert job["state"] == "Offline after error"
    assert job["error"] == "Closing serial port due to emergency stop M112."
    assert ear.event("PrintFailed")["error"] == job["error"]
    assert client.printer.peek(lambda m: m.heat.bed.target) == 0
    assert "EStop" in ear.events()


def test_disconnect_while_printing_loses_the_job(client, ear):
    client.print_file()
    assert client.post("/api/connection", command="disconnect") == 204
    failed = ear.event("PrintFailed")
    assert (failed["reason"], failed["error"]) == ("error", "")
    assert client.state == "Offline"
    assert client.printer.peek(lambda m: m.run) is None


@pytest.mark.parametrize(("autoconnect", "state"), [(True, "Operational"), (False, "Offline")])
def test_a_restart_of_the_server_loses_job_and_selection(client, autoconnect, state):
    client.print_file()
    client.printer.set(autoconnect=autoconnect)
    client.printer.do("server_restart")
    client.wait(state)
    assert client.job()["job"]["file"] == dict.fromkeys(("date", "name", "origin", "path", "size"))
    assert client.get("/api/files/local/part.gcode")["name"] == "part.gcode"


def test_a_file_that_fails_ends_like_a_cancel_of_the_machine(client, ear):
    client.printer.set(bad_file=True)
    client.print_file()
    assert ear.event("PrintFailed")["reason"] == "cancelled"
    client.wait("Operational")


def test_everything_off_and_on_again_is_operational_without_a_job(client):
    client.print_file()
    client.printer.do("power_cycle")
    client.wait("Operational")
    assert client.job()["job"]["file"]["name"] is None
    assert client.printer.peek(lambda m: m.run) is None


def test_a_server_that_is_off_refuses_and_comes_back(client):
    client.print_file()
    client.printer.do("server_stop")
    with pytest.raises(requests.ConnectionError):
        client.get("/api/job")
    client.printer.do("server_start")
    client.wait("Operational")

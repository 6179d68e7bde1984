"""What people, firmware, power and cables do to a job on the simulated OctoPrint."""

from __future__ import annotations

import pytest
import requests

from tests.simulator.octoprint_client import Client, farm_of_one, gcode


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

"""Jobs on the simulated OctoPrint: states, events, progress, and what is refused meanwhile."""

from __future__ import annotations

import pytest

from tests.simulator.octoprint_client import Client, farm_of_one, gcode
from tests.waiting import wait_for

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
    wait_for(lambda: client.job()["progress"]["completion"], "progress")
    seen = client.job()["progress"]
    size = client.job()["job"]["file"]["size"]
    assert seen["completion"] == pytest.approx(100 * seen["filepos"] / size)


def test_the_time_left_comes_from_the_analysis_when_there_is_one(client):
    assert client.upload("part.gcode", gcode(60)).status_code == 201
    wait_for(lambda: "gcodeAnalysis" in client.get("/api/files/local/part.gcode"), "analysis")
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
    passed = [*BUSY, "PAUSING", "PAUSED", "RESUMING", "PRINTING"]
    wait_for(lambda: len(ear.states()) >= len(passed), lambda: f"{passed}; heard {ear.states()}")
    assert ear.states() == passed


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

    wait_for(lambda: target() == 99.0, "the target, after the homing that came before it")


def test_commands_move_the_machine(client):
    client.post("/api/printer/printhead", command="home", axes=["x", "y", "z"])
    wait_for(lambda: client.printer.peek(lambda m: m.axes.homed) == 7, "homing")
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

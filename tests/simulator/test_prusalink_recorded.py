"""The simulated PrusaLink beside an MK3 against what the real one answered, key by key."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.plain_gcode import build_gcode
from simulator.specs import make_spec
from tests.simulator.prusalink_client import Client, differences, recorded, reply_to
from tests.waiting import wait_for

SMALL = b"; a\nM73 P0 R2\nG28\nM73 P50 R1\nG1 X1\nM73 P100 R0\n"
LONG = b"".join(
    (
        b"; estimated printing time (normal mode) = 10m 0s\n",
        *(b"M73 P%d R%d\nG1 X%d\n" % (i, 10 - i // 10, i) for i in range(100)),
    )
)


@pytest.fixture
def mk3(simulated_farm: Callable[..., SimulatedFarm]) -> tuple[Client, PrinterHandle]:
    """A client and the handle of one MK3S with an empty storage."""
    farm = simulated_farm(
        specs=[make_spec("p", "P", "MK3S", 1, kind="prusalink")], time_scale=10, tick_s=0.02
    )
    handle = farm.printer("p")
    handle.set(settle_s=0.05, file_delay_s=0.0, camera_off=True)
    for entry in handle.peek(lambda machine: machine.storage.list()):
        handle.peek(lambda machine, name=entry.name: machine.storage.delete(name))
    return Client(farm.endpoints["p"]), handle


def _same(client: Client, name: str, path: str) -> None:
    wrong = differences(reply_to(name, f"GET {path}"), client.get(path))
    assert not wrong, "\n".join(wrong)


def _start(client: Client, content: bytes = LONG) -> int:
    put = client.put_file("/api/v1/files/local/long.gcode", content, Overwrite="?1")
    assert put.status == 201
    assert client.post("/api/v1/files/local/long.gcode").status == 204
    wait_for(lambda: client.get("/api/v1/status").get("job", {}).get("time_printing"))
    return int(client.get("/api/v1/job")["id"])


@pytest.mark.parametrize(
    "path",
    [
        one["request"].removeprefix("GET ")
        for one in recorded("idle")
        if one["status"] == 200 and "files" not in one["request"]
    ],
)
def test_idle(mk3: tuple[Client, PrinterHandle], path: str) -> None:
    """As recorded before the first report of temperatures."""
    client, handle = mk3
    handle.set(sparse_telemetry=True)
    _same(client, "idle", path)


def test_files(mk3: tuple[Client, PrinterHandle]) -> None:
    client, _ = mk3
    assert client.put_file("/api/v1/files/local/x.gcode", SMALL).status == 201
    _same(client, "idle", "/api/v1/files/local")
    _same(client, "idle", "/api/files?recursive=true")
    assert client.put_file("/api/v1/files/local/t1.gcode", SMALL).status == 201
    _same(client, "files", "/api/v1/files/local/t1.gcode")
    _same(client, "files", "/api/v1/files/sdcard")
    assert client.ask("GET", "/api/v1/job").status == 204


def test_a_file_with_header_and_thumbnails(mk3: tuple[Client, PrinterHandle]) -> None:
    client, _ = mk3
    content = build_gcode("gear", "MK3S", 6, 20, objects=["a.stl", "b.stl"])
    assert client.put_file("/api/v1/files/local/gear.gcode", content).status == 201
    real = reply_to("files", "GET /api/v1/files/local/gear.gcode")
    ours = client.get("/api/v1/files/local/gear.gcode")
    assert not differences(real, ours)
    assert ours["meta"] == real["meta"]  # read from the very same file
    assert ours["refs"] == real["refs"]
    picture = client.ask("GET", ours["refs"]["thumbnail"])
    assert (picture.type, picture.content[1:4]) == ("image/png", b"PNG")
    assert client.ask("GET", ours["refs"]["download"]).content == content


def test_a_folder_shows_its_folders_and_other_files(mk3: tuple[Client, PrinterHandle]) -> None:
    client, _ = mk3
    for path in ("t1.gcode", "t1.txt", "sub/t2.gcode"):
        assert client.put_file(f"/api/v1/files/local/{path}", SMALL).status == 201
    real = {one["name"]: one for one in reply_to("files", "GET /api/v1/files/local")["children"]}
    ours = {one["name"]: one for one in client.get("/api/v1/files/local")["children"]}
    for name in ("t1.gcode", "t1.txt", "sub"):
        assert not differences(real[name], ours[name])
        assert ours[name]["type"] == real[name]["type"]


def test_printing(mk3: tuple[Client, PrinterHandle]) -> None:
    client, handle = mk3
    content = build_gcode("gear", "MK3S", 6, 20, objects=["a.stl", "b.stl"])
    assert client.put_file("/api/v1/files/local/gear.gcode", content).status == 201
    assert client.post("/api/v1/files/local/gear.gcode").status == 204
    client.wait_state("PRINTING")
    _same(client, "printing", "/api/v1/job")
    _same(client, "printing", "/api/job")
    real = reply_to("printing", "GET /api/printer")
    ours = client.get("/api/printer")
    assert not differences(real, ours) or ours["telemetry"]["axis_x"] is None
    handle.peek(lambda machine: setattr(machine, "time_scale", 60))
    wait_for(lambda: "time_printing" in client.get("/api/v1/status")["job"])
    ours = client.get("/api/v1/status")
    real = reply_to("printing", "GET /api/v1/status")
    real["job"]["time_remaining"] = 1  # the real one had not read it from the file yet
    assert not differences(real, ours)


def test_paused_stopped_finished(mk3: tuple[Client, PrinterHandle]) -> None:
    client, handle = mk3
    number = _start(client)
    assert client.ask("PUT", f"/api/v1/job/{number}/pause").status == 204
    client.wait_state("PAUSED")
    assert not differences(
        {**reply_to("paused", "GET /api/v1/job"), "time_remaining": 1}, client.get("/api/v1/job")
    )
    real = reply_to("paused", "GET /api/v1/status")
    real["job"]["time_remaining"] = 1
    assert not differences(real, client.get("/api/v1/status"))
    assert client.ask("DELETE", f"/api/v1/job/{number}").status == 204
    client.wait_state("STOPPED")
    _same(client, "stopped", "/api/v1/status")
    _same(client, "stopped", "/api/printer")
    handle.set(cool_down_s=0.1)
    handle.do("power_cycle")
    _start(client, SMALL)
    handle.peek(lambda machine: setattr(machine, "time_scale", 1000))
    client.wait_state("FINISHED")
    _same(client, "finished", "/api/v1/status")
    assert client.ask("GET", "/api/v1/job").status == 204
    client.wait_state("IDLE")


def test_uploading(mk3: tuple[Client, PrinterHandle]) -> None:
    client, handle = mk3
    handle.set(upload_bytes_per_s=40_000)
    done: list[int] = []
    upload = threading.Thread(
        target=lambda: done.append(
            client.put_file("/api/v1/files/local/slowup.gcode", b";" * 60_000).status
        )
    )
    upload.start()
    wait_for(lambda: "transfer" in client.get("/api/v1/status"))
    _same(client, "uploading", "/api/v1/transfer")
    _same(client, "uploading", "/api/v1/status")
    assert client.put_file("/api/v1/files/local/second.gcode", SMALL).status == 500
    upload.join()
    assert done == [201]
    assert client.ask("GET", "/api/v1/transfer").status == 204


def _replay(client: Client, name: str, job: int = 0) -> None:
    """Every recorded request again, in order: same status, type and text."""
    for one in recorded(f"answers_{name}"):
        method, path = one["request"].replace("JOB", str(job)).split(" ", 1)
        body = one.get("sent", "").encode()
        if "bytes" in one:
            body = (SMALL * 2000)[: one["bytes"]]
        headers = {key.replace("-", "_"): value for key, value in one.get("headers", {}).items()}
        answer = client.ask(method, path, body, **headers)
        said: Any = answer.text.replace(client.host, "HOST")
        if isinstance(one["body"], dict):
            said = json.loads(said)
        if one["body"] == "(a web page)":
            assert said.startswith("<!DOCTYPE html>"), one
            said = one["body"]
        assert (answer.status, answer.type, said) == (one["status"], one["type"], one["body"]), one


def test_every_answer_when_idle(mk3: tuple[Client, PrinterHandle]) -> None:
    _replay(mk3[0], "idle")


@pytest.mark.parametrize("state", ["printing", "paused", "stopped"])
def test_every_answer_with_a_job(mk3: tuple[Client, PrinterHandle], state: str) -> None:
    client, handle = mk3
    assert client.put_file("/api/v1/files/local/t1.gcode", SMALL).status == 201
    number = _start(client)
    if state == "printing":
        handle.set(ignore_commands="pause")  # the record goes on as if still printing
    if state == "paused":
        client.ask("PUT", f"/api/v1/job/{number}/pause")
        client.wait_state("PAUSED")
    if state == "stopped":
        client.ask("DELETE", f"/api/v1/job/{number}")
        client.wait_state("STOPPED")
    _replay(client, state, number)

"""The control port, the handles and the command line of the simulated farm (bambu-lan B4)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from core.config import FarmConfig, PrinterConfig
from simulator import actions
from simulator.child import SimulatorProcess
from simulator.demo import demo_specs, spec_from_entry
from simulator.farm import SimulatedFarm
from simulator.knobs import Knobs
from simulator.specs import KINDS, make_spec
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


def call(url: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def farm(simulated_farm) -> SimulatedFarm:
    return simulated_farm("P1S", "X1C", control_port=0)


def test_the_overview_lists_printers_knobs_and_actions(farm):
    status, overview = call(farm.control_url + "/")
    assert status == 200
    assert [p["id"] for p in overview["printers"]] == ["p0", "p1"]
    assert overview["printers"][0]["mqtt_port"] == farm.endpoints["p0"].mqtt_port
    assert set(overview["knobs"]) == {field.name for field in fields(Knobs)}
    for name in ("drop_tcp", "half_open", "rotate_certificate", "power_cycle", "inject_hms"):
        assert name in overview["actions"]
    assert "access_code" not in overview["printers"][0]


def test_a_printer_shows_its_knobs(farm):
    farm.printer("p0").set(sd_missing=True)
    _status, details = call(farm.control_url + "/printers/p0")
    assert details["knobs"]["sd_missing"] is True
    assert details["certificate_sha256"] == farm.endpoints["p0"].certificate_sha256


@pytest.mark.parametrize("field", fields(Knobs), ids=lambda f: f.name)
def test_every_knob_is_reachable_both_ways(farm, field):
    value = {"camera_second_client": "kick", "ftps_require_session_reuse": False}.get(field.name)
    if value is None:
        default = getattr(Knobs(), field.name)
        value = {bool: True, int: 7, float: 2.5, str: "changed"}[type(default)]
    status, answer = call(farm.control_url + "/printers/p0/knobs", {field.name: value})
    assert (status, answer["knobs"][field.name]) == (200, value)
    farm.printer("p1").set(**{field.name: value})
    assert farm.printer("p1").knobs()[field.name] == value


def test_unknown_knobs_name_what_exists_and_change_nothing(farm):
    url = farm.control_url + "/printers/p0/knobs"
    status, answer = call(url, {"sd_missing": True, "sd_gone": True})
    assert status == 404
    assert "sd_gone" in answer["error"] and "sd_missing" in answer["error"]
    assert farm.printer("p0").knobs()["sd_missing"] is False
    with pytest.raises(KeyError):
        farm.printer("p0").set(sd_gone=True)


def test_values_of_the_wrong_type_are_400_and_change_nothing(farm):
    url = farm.control_url + "/printers/p0/knobs"
    status, answer = call(url, {"sd_full": True, "sd_missing": "yes"})
    assert status == 400
    assert "sd_missing" in answer["error"]
    assert farm.printer("p0").knobs()["sd_full"] is False


def test_actions_by_http_and_by_handle(farm):
    url = farm.control_url + "/printers/p0/actions"
    before = farm.endpoints["p0"].certificate_sha256
    status, answer = call(url + "/rotate_certificate", {})
    assert status == 200
    assert answer["result"] == farm.endpoints["p0"].certificate_sha256 != before
    assert call(url + "/inject_hms", {"attr": 50331904, "code": 65537})[0] == 200
    farm.printer("p0").do("clear_hms")
    assert farm.printer("p1").do("power_cycle") is None


def test_unknown_actions_and_arguments_name_what_exists(farm):
    url = farm.control_url + "/printers/p0/actions"
    status, answer = call(url + "/explode", {})
    assert status == 404 and "drop_tcp" in answer["error"]
    status, answer = call(url + "/inject_hms", {"attribute": 1})
    assert status == 400 and "attr" in answer["error"]
    with pytest.raises(actions.UnknownAction):
        farm.printer("p0").do("explode")
    with pytest.raises(actions.BadArguments):
        farm.printer("p0").do("drop_tcp", hard=True)


@pytest.mark.parametrize(
    "name", ["tick", "handle", "next_report", "camera_frame", "after", "run_ended", "__init__"]
)
def test_inner_methods_are_no_actions(farm, name):
    assert call(f"{farm.control_url}/printers/p0/actions/{name}", {})[0] == 404


def test_actions_off_and_on(farm):
    call(farm.control_url + "/printers/p0/actions/go_offline", {})
    assert call(farm.control_url + "/printers/p0")[1]["online"] is False
    call(farm.control_url + "/printers/p0/actions/go_online", {})
    assert call(farm.control_url + "/printers/p0")[1]["online"] is True


def test_the_storage_is_listed_with_folders(farm):
    farm.call(lambda: farm.printer("p0").machine.storage.write("/cache/a.3mf", b"abc"))
    _status, answer = call(farm.control_url + "/printers/p0/storage")
    assert {"path": "/cache/a.3mf", "folder": False, "size": 3} in answer["files"]


def test_requests_are_remembered(farm, probe):
    probe(farm.endpoints["p0"]).online().ask("info", qos=1, command="get_version")
    wait_for(farm.printer("p0").requests)
    _status, answer = call(farm.control_url + "/printers/p0/requests")
    assert answer["requests"][0]["info"]["command"] == "get_version"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/printers/nobody", None, 404),
        ("/nothing", None, 404),
        ("/printers/p0/knobs", [1], 400),
        ("/printers/p0/knobs", None, 404),
    ],
)
def test_mistakes_are_answered_with_a_sentence(farm, path, body, status):
    answer = call(farm.control_url + path, body)
    assert answer[0] == status
    assert len(answer[1]["error"]) > 10


def test_web_pages_cannot_use_the_control_port(farm):
    url = farm.control_url + "/printers/p0/knobs"
    assert call(url, {"sd_missing": True}, Origin="http://127.0.0.1:8000")[0] == 403
    assert call(url, {"sd_missing": True}, Host="farm.example")[0] == 403
    assert farm.printer("p0").knobs()["sd_missing"] is False


# the farm itself


def test_specs_that_clash_and_foreign_addresses_are_refused():
    one = make_spec("a", "A", "P1S", 1)
    with pytest.raises(ValueError, match="same id"):
        SimulatedFarm([one, one])
    with pytest.raises(ValueError, match="loopback"):
        SimulatedFarm([one], host="0.0.0.0")


def test_a_failed_start_says_why_and_leaves_nothing_behind(simulated_farm):
    taken = simulated_farm("P1S", control_port=0)
    port = int(taken.control_url.rsplit(":", 1)[1])
    farm = SimulatedFarm([make_spec("b", "B", "P1S", 2)], control_port=port)
    with pytest.raises(OSError, match="address already in use"):
        farm.start()
    farm.stop()


def test_a_stopped_farm_refuses_calls(simulated_farm):
    farm = simulated_farm("P1S")
    handle = farm.printer("p0")
    farm.stop()
    with pytest.raises(RuntimeError):
        handle.do("drop_tcp")


def test_a_farm_can_be_started_again(simulated_farm, probe):
    farm = simulated_farm("P1S")
    farm.stop()
    farm.start()
    assert probe(farm.endpoints["p0"]).connack.get(timeout=30) == 0


def test_the_demo_mixes_models_and_scenarios():
    specs = demo_specs(8)
    assert len({spec.model for spec in specs}) >= 6
    assert len({spec.scenario for spec in specs}) >= 5
    many = demo_specs(100)
    assert len({spec.id for spec in many}) == len({spec.serial for spec in many}) == 100
    assert {spec.scenario for spec in demo_specs(5, "printing")} == {"printing"}


def test_the_demo_plays_every_kind():
    specs = demo_specs(18)
    kinds = Counter(spec.kind for spec in specs)
    assert set(kinds) == set(KINDS) == {spec.kind for spec in demo_specs(4)}
    assert all(kinds["bambu"] > kinds[kind] >= 3 for kind in KINDS[1:])
    assert {spec.kind for spec in demo_specs(30, kinds=("bambu",))} == {"bambu"}
    assert {spec.flavour for spec in demo_specs(18, kinds=("prusalink",))} == {"mk3", "firmware"}


def test_entries_of_other_makes_are_completed():
    spec = spec_from_entry({"id": "oak", "type": "prusalink", "api_key": "k", "tls": True}, 3)
    assert (spec.kind, spec.model, spec.flavour) == ("prusalink", "MK4", "firmware")
    assert (spec.api_key, spec.user, spec.tls, spec.access_code) == ("k", "maker", True, "")
    assert spec.password
    spec = spec_from_entry({"id": "elm", "type": "moonraker", "model": "Voron 0.2"}, 4)
    assert (spec.kind, spec.flavour, spec.user, len(spec.api_key)) == ("moonraker", "", "", 32)
    with pytest.raises(ValueError, match="no printer for octoprint"):
        spec_from_entry({"id": "elm", "type": "octoprint", "model": "P1S"}, 4)
    with pytest.raises(ValueError, match="repetier"):
        spec_from_entry({"id": "elm", "type": "repetier"}, 4)


def test_the_control_port_knows_each_kind_its_knobs_and_actions(simulated_farm):
    specs = [
        make_spec("a", "A", "P1S", 1),
        make_spec("b", "B", "MK4", 2, kind="prusalink"),
        make_spec("c", "C", "Voron 0.2", 3, kind="moonraker"),
        make_spec("d", "D", "Ender 3", 4, kind="octoprint"),
    ]
    farm = simulated_farm(specs=specs, control_port=0)
    _status, overview = call(farm.control_url + "/")
    assert [p["kind"] for p in overview["printers"]] == [
        "bambu",
        "prusalink",
        "moonraker",
        "octoprint",
    ]
    assert overview["printers"][1]["url"] == farm.endpoints["b"].url
    kinds = overview["kinds"]
    assert "ftps_off" in kinds["bambu"]["knobs"] and "ftps_off" not in kinds["prusalink"]["knobs"]
    assert "cool_down_s" in kinds["prusalink"]["knobs"]
    for kind in KINDS[1:]:
        assert {"http_status", "mute_http", "drop_upload_at"} <= set(kinds[kind]["knobs"])
        assert {"runout", "halt", "recover", "half_open"} <= set(kinds[kind]["actions"])
        assert "publish_raw" not in kinds[kind]["actions"]
    url = farm.control_url + "/printers/b"
    assert call(url + "/knobs", {"http_status": 502})[0] == 200
    assert call(url + "/knobs", {"ftps_off": True})[0] == 404
    assert call(url + "/actions/runout", {})[0] == 200
    assert call(url + "/actions/start_file", {"path": "/x"})[0] == 404
    _status, answer = call(url + "/actions/start_local", {"name": "/nothing.gcode"})
    assert answer["error"]
    assert call(url + "/storage")[1]["files"]
    assert farm.endpoints["b"].api_key not in json.dumps(call(url)[1])


def test_an_entry_of_a_configuration_is_completed():
    spec = spec_from_entry({"id": "oak", "model": "A1", "serial": "", "access_code": "12345678"}, 3)
    assert (spec.name, spec.access_code, spec.serial) == ("oak", "12345678", "03900SIM0000003")
    with pytest.raises(ValueError, match="Z9"):
        spec_from_entry({"id": "oak", "model": "Z9"}, 1)


# the command line


def spawn(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_the_process_gets_ready_and_ends_with_its_standard_input(tmp_path):
    with spawn("--specs-from-stdin", "--data-dir", str(tmp_path), "--time-scale", "30") as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([{"id": "oak", "model": "P1S"}]) + "\n")
        process.stdin.flush()
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        (printer,) = ready["printers"]
        assert printer["id"] == "oak" and printer["camera_port"] > 0
        assert (printer["kind"], printer["url"]) == ("bambu", "")
        assert call(ready["control"] + "/")[0] == 200
        process.stdin.close()
        assert process.wait(10) == 0


def test_the_process_tells_where_other_makes_are():
    entries = [{"id": kind, "type": kind} for kind in KINDS]
    with spawn("--specs-from-stdin") as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(entries) + "\n")
        process.stdin.flush()
        ready = {one["kind"]: one for one in json.loads(process.stdout.readline())["printers"]}
        for kind in KINDS[1:]:
            assert ready[kind]["url"].startswith("http://127.0.0.1:") and ready[kind]["api_key"]
            request = urllib.request.Request(
                ready[kind]["url"] + "/api/version", headers={"X-Api-Key": ready[kind]["api_key"]}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert json.load(answer)["api"]
        assert ready["prusalink"]["user"] and ready["prusalink"]["password"]
        process.stdin.close()
        assert process.wait(10) == 0


def test_the_child_fills_in_how_other_makes_are_reached(tmp_path):
    printers = tuple(
        PrinterConfig(id=kind, name=kind, type=kind, model="", simulate=True) for kind in KINDS
    )
    secured = PrinterConfig(
        id="tls", name="tls", type="prusalink", model="MK3S", simulate=True, url="https://x"
    )
    config = FarmConfig(printers=(*printers, secured), data_dir=tmp_path)
    child = SimulatorProcess(config)
    try:
        filled = {printer.id: printer for printer in child.start().printers}
    finally:
        child.stop()
    assert filled["bambu"].access_code and filled["bambu"].host == "127.0.0.1"
    assert filled["bambu"].url == ""
    for kind in KINDS[1:]:
        assert filled[kind].url.startswith("http://127.0.0.1:") and filled[kind].api_key
    assert filled["prusalink"].user == "maker" and filled["prusalink"].password
    assert filled["tls"].url.startswith("https://127.0.0.1:")


def test_the_child_fills_in_where_each_kind_of_camera_is(tmp_path):
    config = FarmConfig(
        printers=tuple(
            PrinterConfig(id=model, name=model, type="bambu", model=model, simulate=True)
            for model in ("P1S", "X1C")
        ),
        data_dir=tmp_path,
    )
    child = SimulatorProcess(config)
    try:
        jpeg, video = child.start().printers
    finally:
        child.stop()
    assert jpeg.camera_port not in (0, 6000) and jpeg.rtsp_port == 322
    assert video.rtsp_port not in (0, 322) and video.camera_port == 6000


def test_the_process_ends_at_sigterm():
    with spawn("--count", "2") as process:
        assert process.stdout
        assert len(json.loads(process.stdout.readline())["printers"]) == 2
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_useless_start_ends_with_a_sentence():
    with spawn("--specs-from-stdin") as process:
        out, _ = process.communicate("nonsense\n", timeout=30)
        assert (process.returncode, out) == (2, "")

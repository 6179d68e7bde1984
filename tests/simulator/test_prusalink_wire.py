"""Both flavours of the simulated PrusaLink: signing in, files, jobs, what goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
import requests
from requests.auth import HTTPDigestAuth

from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.plain_gcode import build_gcode
from simulator.specs import make_spec
from tests.simulator.prusalink_client import Client
from tests.waiting import wait_for

GCODE = b"M73 P0 R10\nM73 P50 R5\nM73 P100 R0\n"
Pair = tuple[Client, PrinterHandle]


@pytest.fixture
def server(simulated_farm: Callable[..., SimulatedFarm]) -> Callable[..., Pair]:
    """server("mk3" | "firmware", **knobs): a client and the handle of an idle printer."""

    def start(flavour: str, **knobs: object) -> Pair:
        model = "MK3S" if flavour == "mk3" else "MK4"
        spec = make_spec("p", "P", model, 1, kind="prusalink")
        assert spec.flavour == flavour
        farm = simulated_farm(specs=[spec], time_scale=20, tick_s=0.02)
        handle = farm.printer("p")
        handle.set(**{"settle_s": 0.05, "file_delay_s": 0.0, **knobs})
        return Client(farm.endpoints["p"]), handle

    return start


FLAVOURS = pytest.mark.parametrize("flavour", ["mk3", "firmware"])


def files_of(flavour: str) -> str:
    return f"/api/v1/files/{'local' if flavour == 'mk3' else 'usb'}"


def start_job(client: Client, flavour: str, name: str = "a.gcode") -> int:
    path = f"{files_of(flavour)}/{name}"
    assert client.put_file(path, GCODE, Overwrite="?1").status == 201
    wait_for(lambda: client.ask("POST", path, b"").status == 204)
    client.wait_state("PRINTING")
    return int(client.get("/api/v1/job")["id"])


# signing in


@FLAVOURS
def test_the_key(server: Callable[..., Pair], flavour: str) -> None:
    client, handle = server(flavour)
    assert client.ask("GET", "/api/version").status == 200
    wrong = client.ask("GET", "/api/version", key="wrong")
    assert wrong.status == (403 if flavour == "mk3" else 401)
    nothing = client.ask("GET", "/api/version", key=None)
    assert nothing.status == 401
    assert nothing.headers["WWW-Authenticate"].startswith("Digest realm=")
    handle.set(api_key="newkey")
    assert client.ask("GET", "/api/version").status == wrong.status
    assert client.ask("GET", "/api/version", key="newkey").status == 200
    handle.set(refuse_login=True)
    assert client.ask("GET", "/api/version", key="newkey").status == wrong.status


@FLAVOURS
def test_digest(server: Callable[..., Pair], flavour: str) -> None:
    client, handle = server(flavour)
    end = client.endpoint
    with requests.Session() as session:
        session.auth = HTTPDigestAuth(end.user, end.password)
        for path in ("/api/version", "/api/v1/status", "/api/v1/files/local/a%20b.gcode?x=1"):
            assert session.get(end.url + path, timeout=30).status_code != 401
        session.auth = HTTPDigestAuth(end.user, "wrong")
        assert session.get(end.url + "/api/version", timeout=30).status_code == 401
        session.auth = HTTPDigestAuth("nobody", end.password)
        assert session.get(end.url + "/api/version", timeout=30).status_code == 401
        handle.set(nonce_uses=1)
        session.auth = HTTPDigestAuth(end.user, end.password)
        answers = [session.get(end.url + "/api/version", timeout=30) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert [len(answer.history) for answer in answers] == [1, 1, 1]  # a challenge each time


def test_the_mk3_challenge_is_md5_sess(server: Callable[..., Pair]) -> None:
    client, _ = server("mk3")
    challenge = client.ask("GET", "/", key=None).headers["WWW-Authenticate"]
    assert 'algorithm="MD5-sess"' in challenge and 'qop="auth"' in challenge
    assert 'realm="Administrator"' in challenge


def test_the_firmware_wants_a_digest_without_qop(server: Callable[..., Pair]) -> None:
    client, _ = server("firmware")
    challenge = client.ask("GET", "/api/version", key=None).headers["WWW-Authenticate"]
    nonce = challenge.split('nonce="')[1].split('"')[0]
    assert "qop" not in challenge and challenge.endswith("stale=false")

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    end = client.endpoint
    first, second = md5(f"{end.user}:Printer API:{end.password}"), md5("GET:/api/version")
    response = md5(f"{first}:{nonce}:{second}")

    def said(uri: str) -> str:
        return (
            f'Digest username="{end.user}", realm="Printer API", nonce="{nonce}", '
            f'uri="{uri}", response="{response}"'
        )

    right = client.ask("GET", "/api/version", key=None, Authorization=said("/api/version"))
    assert right.status == 200
    elsewhere = client.ask("GET", "/api/v1/info", key=None, Authorization=said("/api/version"))
    assert elsewhere.status == 401  # an answer is good for its own address only


# files


@FLAVOURS
def test_upload_read_delete(server: Callable[..., Pair], flavour: str) -> None:
    client, handle = server(flavour)
    path = f"{files_of(flavour)}/farm/W%C3%BCrfel%20gro%C3%9F-7.gcode"
    assert client.put_file(path, GCODE).status == 201
    assert handle.file("/farm/Würfel groß-7.gcode") == GCODE
    found = client.get(path)
    assert (found["size"], found["display_name"]) == (len(GCODE), "Würfel groß-7.gcode")
    assert client.ask("GET", found["refs"]["download"].replace("ü", "%C3%BC").replace(
        "ß", "%C3%9F").replace(" ", "%20")).content == GCODE  # fmt: skip
    assert client.put_file(path, GCODE).status == 409
    assert client.put_file(path, GCODE * 2, Overwrite="?1").status == 201
    assert client.ask("DELETE", path).status == 204
    assert client.ask("DELETE", path).status == 404
    assert client.ask("GET", path).status == 404
    assert client.ask("POST", path, b"").status == 404


def test_the_mk3_index_is_late(server: Callable[..., Pair]) -> None:
    client, handle = server("mk3", file_delay_s=0.3)
    path = "/api/v1/files/local/late.gcode"
    assert client.put_file(path, GCODE).status == 201
    assert client.ask("GET", path).status == 404
    wait_for(lambda: client.ask("GET", path).status == 200)
    assert client.put_file(path, GCODE * 2, Overwrite="?1").status == 201
    assert client.get(path)["size"] == len(GCODE)  # the old one
    wait_for(lambda: client.get(path)["size"] == 2 * len(GCODE))
    assert handle.file("/late.gcode") == GCODE * 2


def test_the_firmware_has_short_names(server: Callable[..., Pair]) -> None:
    client, _ = server("firmware")
    for name in ("Spice_Harvester_1.gcode", "Spice_Harvester_2.gcode", "UP.GCO"):
        assert client.put_file(f"/api/v1/files/usb/farm/{name}", GCODE).status == 201
    children = client.get("/api/v1/files/usb/farm")["children"]
    names = {child["display_name"]: child["name"] for child in children}
    assert names["Spice_Harvester_1.gcode"] == "SPICE_~1.GCO"
    assert names["Spice_Harvester_2.gcode"] == "SPICE_~2.GCO"
    assert names["UP.GCO"] == "UP.GCO"
    short = client.get("/api/v1/files/usb/FARM/SPICE_~2.GCO")
    assert short["display_name"] == "Spice_Harvester_2.gcode"
    assert client.ask("POST", "/api/v1/files/usb/FARM/SPICE_~2.GCO", b"").status == 204
    job = client.get("/api/v1/job")
    assert job["file"]["name"] == "SPICE_~2.GCO" and job["file"]["path"] == "/usb/FARM"
    assert job["file"]["display_name"] == "Spice_Harvester_2.gcode"


def test_what_the_firmware_refuses(server: Callable[..., Pair]) -> None:
    client, handle = server("firmware")
    assert client.put_file("/api/v1/files/usb/a.txt", GCODE).status == 415
    assert client.put_file("/api/v1/files/local/a.gcode", GCODE).status == 403
    assert client.put_file("/api/v1/files/usb/a.bgcode", GCODE).status == 201
    handle.set(disk_full=True)
    assert client.put_file("/api/v1/files/usb/b.gcode", GCODE).status == 507
    handle.set(disk_full=False, usb_missing=True)
    missing = client.put_file("/api/v1/files/usb/b.gcode", GCODE)
    assert (missing.status, missing.text) == (
        507,
        "507: Insufficient Storage\n\nMissing USB drive\n",
    )
    assert client.get("/api/v1/files/usb")["children"] == []
    assert client.get("/api/v1/storage")["storage_list"][0]["available"] is False


@FLAVOURS
def test_multipart_uploads(server: Callable[..., Pair], flavour: str) -> None:
    client, handle = server(flavour)
    end = client.endpoint
    answer = requests.post(
        end.url + "/api/files/local",
        headers={"X-Api-Key": end.api_key},
        files={"file": ("old way.gcode", GCODE)},
        data={"print": "false"},
        timeout=30,
    )
    assert answer.status_code == 201
    assert handle.file("/old way.gcode") == GCODE


@FLAVOURS
def test_print_after_upload(server: Callable[..., Pair], flavour: str) -> None:
    client, _ = server(flavour)
    path = f"{files_of(flavour)}/now.gcode"
    assert client.put_file(path, GCODE, Print_After_Upload="?1").status == 201
    client.wait_state("PRINTING")
    second = client.put_file(f"{files_of(flavour)}/later.gcode", GCODE, Print_After_Upload="?1")
    assert second.status == 409


# jobs


@FLAVOURS
def test_a_job_from_start_to_end(server: Callable[..., Pair], flavour: str) -> None:
    client, handle = server(flavour, cool_down_s=0.4)
    number = start_job(client, flavour)
    job = client.get("/api/v1/job")
    assert (job["id"], job["state"], job["file"]["display_name"]) == (number, "PRINTING", "a.gcode")
    path = f"{files_of(flavour)}/a.gcode"
    assert client.ask("POST", path, b"").status == 409
    assert client.ask("DELETE", path).status == 409
    assert client.ask("PUT", f"/api/v1/job/{number + 1}/pause").status == 404
    assert client.ask("PUT", f"/api/v1/job/{number}/resume").status == 409
    assert client.ask("PUT", f"/api/v1/job/{number}/pause").status == 204
    client.wait_state("PAUSED")
    assert client.ask("PUT", f"/api/v1/job/{number}/pause").status == 409
    assert client.ask("PUT", f"/api/v1/job/{number}/resume").status == 204
    client.wait_state("PRINTING")
    handle.peek(lambda machine: setattr(machine, "time_scale", 1000))
    client.wait_state("FINISHED")
    assert client.ask("GET", "/api/v1/job").status == 204
    assert "job" not in client.get("/api/v1/status")
    if flavour == "mk3":
        assert client.ask("POST", path, b"").status == 409  # cooling down
        client.wait_state("IDLE")
    else:
        handle.do("dismiss")
        assert client.state == "IDLE"


def test_the_firmware_takes_a_start_while_it_shows_an_end(server: Callable[..., Pair]) -> None:
    client, _ = server("firmware")
    number = start_job(client, "firmware")
    assert client.ask("DELETE", f"/api/v1/job/{number}").status == 204
    client.wait_state("STOPPED")
    assert client.ask("DELETE", f"/api/v1/job/{number}").status == 409
    assert start_job(client, "firmware") == number + 1


@FLAVOURS
def test_attention_and_faults(server: Callable[..., Pair], flavour: str) -> None:
    client, handle = server(flavour)
    number = start_job(client, flavour)
    handle.do("runout")
    client.wait_state("ATTENTION")
    assert client.get("/api/v1/status")["job"]["id"] == number
    assert client.ask("PUT", f"/api/v1/job/{number}/resume").status == 409
    handle.do("fill_spool")
    handle.do("resume")
    client.wait_state("PRINTING")
    handle.do("ask_attention")
    assert client.state == "ATTENTION"
    handle.do("answer_attention")
    client.wait_state("PRINTING")
    handle.do("halt", cause="heater")
    assert client.state == "ERROR"
    if flavour == "mk3":
        told = client.get("/api/v1/status")["printer"]["status_printer"]
        assert told == {"ok": False, "message": "THERMAL RUNAWAY"}
    handle.do("recover")
    assert client.state in ("STOPPED", "IDLE")


def test_a_lost_serial_line(server: Callable[..., Pair]) -> None:
    client, handle = server("mk3", cool_down_s=0.1)
    start_job(client, "mk3")
    handle.do("unplug")
    told = client.get("/api/v1/status")["printer"]
    assert told["state"] == "ERROR"
    assert told["status_printer"]["message"] == "Serial device does not exist"
    handle.do("plug")
    client.wait_state("IDLE")


def test_a_foreign_start_and_its_thumbnail(server: Callable[..., Pair]) -> None:
    client, handle = server("firmware")
    content = build_gcode("vase", "MK4", 10, 20)
    assert client.put_file("/api/v1/files/usb/vase.gcode", content).status == 201
    handle.do("start_local", name="/vase.gcode")
    job = client.get("/api/v1/job")
    picture = client.ask("GET", job["file"]["refs"]["thumbnail"])
    assert picture.content.startswith(b"\x89PNG")
    assert job["time_remaining"] == 600


# knobs of this make


def test_starting(server: Callable[..., Pair]) -> None:
    client, handle = server("mk3", starting_s=0.5)
    handle.go_offline()
    handle.go_online()
    assert client.ask("GET", "/api/version").status == 503
    wait_for(lambda: client.ask("GET", "/api/version").status == 200)


def test_inherited_progress(server: Callable[..., Pair]) -> None:
    client, handle = server("mk3", cool_down_s=0.05)
    start_job(client, "mk3")
    handle.peek(lambda machine: setattr(machine, "time_scale", 1000))
    client.wait_state("IDLE")
    handle.peek(lambda machine: setattr(machine, "time_scale", 1))
    handle.set(inherited_progress=True)
    start_job(client, "mk3")
    assert client.get("/api/v1/status")["job"]["progress"] == 100.0


def test_cameras(server: Callable[..., Pair]) -> None:
    client, handle = server("mk3")
    (camera,) = client.get("/api/v1/cameras")["camera_list"]
    picture = client.ask("GET", f"/api/v1/cameras/{camera['camera_id']}/snap")
    assert picture.content.startswith(b"\xff\xd8") and picture.type == "image/jpeg"
    assert client.ask("GET", "/api/v1/cameras/snap", key="wrong").status == 403
    handle.set(camera_off=True)
    assert client.get("/api/v1/cameras")["camera_list"] == []
    assert client.ask("GET", "/api/v1/cameras/snap").status == 404


@FLAVOURS
def test_commands_that_fail_or_do_nothing(server: Callable[..., Pair], flavour: str) -> None:
    client, handle = server(flavour)
    number = start_job(client, flavour)
    handle.set(fail_commands="pause", ignore_commands="stop")
    assert client.ask("PUT", f"/api/v1/job/{number}/pause").status == 409
    assert client.ask("DELETE", f"/api/v1/job/{number}").status == 204
    handle.set(fail_commands="", settle_s=0.0)
    assert client.ask("PUT", f"/api/v1/job/{number}/pause").status == 204
    client.wait_state("PAUSED")  # and not STOPPED


def test_a_start_that_takes_its_time_and_a_bad_file(server: Callable[..., Pair]) -> None:
    client, handle = server("mk3", start_delay_s=0.3, cool_down_s=0.1)
    path = "/api/v1/files/local/a.gcode"
    assert client.put_file(path, GCODE).status == 201
    assert client.ask("POST", path, b"").status == 204
    assert client.state == "IDLE"
    client.wait_state("PRINTING")
    client.ask("DELETE", f"/api/v1/job/{client.get('/api/v1/job')['id']}")
    client.wait_state("IDLE")
    handle.set(bad_file=True, start_delay_s=0.0, cool_down_s=11.0)
    assert client.ask("POST", path, b"").status == 204
    client.wait_state("STOPPED")
    assert handle.peek(lambda machine: machine.ended) == "failed"

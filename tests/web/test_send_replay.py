"""Real requests of slicers, byte for byte, and libcurl's own, over a real socket."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.config import SendKey
from core.secret import Secret
from printers.status import Machine
from simulator.plates import PlateSpec, build_gcode_3mf

DATA = Path(__file__).parent.parent / "data" / "send"
KEY = "THE-KEY-0123456789abcdef"
PRUSA = "prusaslicer-2.5-upload-and-print.http"
CURA = "cura-octoprint-plugin-qt6.http"
NAMES = {PRUSA: "Würfel 3mm.gcode", CURA: "CE3_Würfel 3mm.gcode"}
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")


@pytest.fixture
def farm(make_farm: Callable[..., Any], kit: Any) -> Any:
    """Behind a password: Alder (P1S), Birch (MK3S), Cedar (Ender-3), and one send key."""
    key = SendKey(name="Workshop PC", sha256=hashlib.sha256(KEY.encode()).hexdigest())
    farm = make_farm(
        ("alder", "birch", "cedar"), user="owner", password=Secret(kit.password), send_keys=(key,)
    )
    for name, model in (("birch", "MK3S"), ("cedar", "Creality Ender-3")):
        machine = Machine(file_kinds=("gcode",), name=model, volume_mm=(220, 220, 200))
        farm.printer(name).report(kit.make_status(name, machine=machine, ams=(), external=()))
    farm.serve()
    return farm


def recorded(name: str) -> bytes:
    return (DATA / name).read_bytes()


def file_in(request: bytes) -> bytes:
    """The print file inside a recorded form."""
    part = request[request.index(b"application/octet-stream\r\n\r\n") :].partition(b"\r\n\r\n")[2]
    boundary = request.partition(b"boundary=")[2].partition(b"\r\n")[0].strip(b'"')
    return part.partition(b"\r\n--" + boundary)[0]


def replay(farm: Any, request: bytes, step: int = 0) -> tuple[http.client.HTTPResponse, bytes]:
    """Send exactly these bytes, in pieces of ``step``, and read the one answer."""
    with socket.create_connection(("127.0.0.1", farm.servers[0].port), timeout=30) as sock:
        for start in range(0, len(request), step or len(request)):
            sock.sendall(request[start : start + (step or len(request))])
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        return answer, answer.read()


def owner(farm: Any, kit: Any, path: str) -> Any:
    return farm.app.test_client().get(path, headers=kit.basic()).json


def test_prusaslicer_tests_the_connection(farm: Any) -> None:
    answer, body = replay(farm, recorded("prusaslicer-2.5-version.http"))
    assert answer.status == 200
    assert json.loads(body)["text"].startswith("OctoPrint")
    assert answer.getheader("Set-Cookie") is None


@pytest.mark.parametrize("step", [0, 997])
@pytest.mark.parametrize("name", [PRUSA, CURA])
def test_upload_and_print(farm: Any, kit: Any, name: str, step: int) -> None:
    request = recorded(name)
    answer, body = replay(farm, request, step)
    assert answer.status == 201, body
    assert "api/" in (answer.getheader("Location") or "")  # Cura splits it there
    told = json.loads(body)
    assert told["files"]["local"]["name"] == NAMES[name]
    (job,) = owner(farm, kit, "/api/jobs")["jobs"]
    assert job["id"] == told["farm"]["job_id"]
    assert (job["state"], job["created_by"]) == ("queued", "Workshop PC")
    (kept,) = owner(farm, kit, "/api/files")["files"]
    assert kept["sha256"] == hashlib.sha256(file_in(request)).hexdigest()


def test_upload_without_print(farm: Any, kit: Any) -> None:
    answer, body = replay(farm, recorded("prusaslicer-2.5-upload.http"))
    assert answer.status == 201, body
    assert owner(farm, kit, "/api/jobs")["jobs"] == []
    (kept,) = owner(farm, kit, "/api/files")["files"]
    assert (kept["name"], kept["slicer"]) == ("Cube 3mm.gcode", "PrusaSlicer")


@pytest.mark.parametrize("name", [PRUSA, CURA])
def test_the_refusal_is_the_whole_body(farm: Any, kit: Any, name: str) -> None:
    to_alder = recorded(name).replace(b"POST /api", b"POST /send/alder/api", 1)
    answer, body = replay(farm, to_alder)
    assert answer.status == 422
    assert answer.getheader("Content-Type") == "text/plain"
    assert "Alder" in body.decode()
    assert owner(farm, kit, "/api/files")["files"] == []


def test_a_wrong_key_is_told_in_words(farm: Any, kit: Any) -> None:
    answer, body = replay(farm, recorded(PRUSA).replace(KEY.encode(), b"0" * len(KEY), 1))
    assert answer.status == 403
    assert b"does not know this API key" in body
    assert owner(farm, kit, "/api/files")["files"] == []


@pytest.mark.parametrize("left", [0.3, 0.999])
def test_a_cut_off_upload_leaves_nothing(farm: Any, kit: Any, left: float) -> None:
    request = recorded(PRUSA)
    with socket.create_connection(("127.0.0.1", farm.servers[0].port), timeout=30) as sock:
        sock.sendall(request[: int(len(request) * left)])
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65_536):
            pass
    assert owner(farm, kit, "/api/jobs")["jobs"] == []
    assert list((farm.services.config.data_dir / "files").glob(".*")) == []


def test_too_much_is_refused_before_it_is_sent(farm: Any) -> None:
    head = recorded(PRUSA).partition(b"\r\n\r\n")[0]
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    lines += [b"Content-Length: 9000000", b"Expect: 100-continue", b"", b""]
    answer, body = replay(farm, b"\r\n".join(lines))
    assert answer.status == 413
    assert b"8 MB" in body


# -- libcurl, with which PrusaSlicer and OrcaSlicer send -----------------------------------------


def curl(farm: Any, path: str, *more: str) -> tuple[int, str, str]:
    """(status, body, what curl says on stderr with -v)"""
    url = f"http://127.0.0.1:{farm.servers[0].port}{path}"
    done = subprocess.run(
        ["curl", "-sv", "-w", "\n%{http_code}", "-H", f"X-Api-Key: {KEY}", *more, url],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body, done.stderr


@needs_curl
def test_orcaslicer_sends_a_plate_of_a_3mf(farm: Any, kit: Any, tmp_path: Path) -> None:
    """The fields, their order and the headers of OrcaSlicer's OctoPrint.cpp and Http.cpp."""
    source = tmp_path / "1a2b.3mf"
    source.write_bytes(build_gcode_3mf(plates=[PlateSpec(), PlateSpec()], model="P1S", name="gear"))
    status, body, _ = curl(
        farm, "/send/alder/api/files/local", "-A", "OrcaSlicer/2.3.1", "-H", "Expect:",
        "-F", "print=true", "-F", "path=", "-F", "plateindex=2",
        "-F", f"file=@{source};filename=gear.gcode.3mf;type=application/octet-stream",
    )  # fmt: skip
    assert status == 201, body
    (job,) = owner(farm, kit, "/api/jobs")["jobs"]
    assert (job["target"], job["plate"]) == ({"printer_id": "alder"}, 2)


@needs_curl
def test_libcurl_waits_to_be_invited_with_a_large_file(farm: Any, kit: Any, tmp_path: Path) -> None:
    moves = b"".join(b"G1 X%d Y10 E0.1\n" % (10 + n % 90) for n in range(120_000))
    content = file_in(recorded(PRUSA)).replace(b";LAYER_CHANGE", moves + b";LAYER_CHANGE", 1)
    source = tmp_path / "large.gcode"
    source.write_bytes(content)
    assert len(content) > 1_200_000
    form = ("-F", "print=false", "-F", "path=", "-F", f"file=@{source}")
    status, body, said = curl(farm, "/api/files/local", "-H", "Expect: 100-continue", *form)
    assert status == 201, body
    assert "< HTTP/1.1 100 Continue" in said
    (kept,) = owner(farm, kit, "/api/files")["files"]
    assert kept["sha256"] == hashlib.sha256(content).hexdigest()

"""Clients that nobody here wrote talk to the simulated printers (bambu-lan B5)."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from bambulabs_api.camera_client import PrinterCamera
from bambulabs_api.ftp_client import PrinterFTPClient
from bambulabs_api.mqtt_client import PrinterMQTTClient

from simulator.farm import Endpoint


def program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (package {package})")
    return path


def run(*command: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=20, **options)


def mosquitto(name: str, endpoint: Endpoint, folder: Path) -> list[str]:
    return [
        program(name, "mosquitto-clients"), "-h", endpoint.host, "-p", str(endpoint.mqtt_port),
        "-u", "bblp", "-P", endpoint.access_code, "--insecure",
        "--cafile", str(folder / "certificates" / "ca.pem"),
    ]  # fmt: skip


def test_mosquitto_sub_hears_what_mosquitto_pub_asks_for(simulated_farm, tmp_path, eventually):
    farm = simulated_farm("P1S", data_dir=tmp_path)
    endpoint = farm.endpoints["p0"]
    topic = f"device/{endpoint.serial}"
    listen = [*mosquitto("mosquitto_sub", endpoint, tmp_path), "-t", f"{topic}/report"]
    with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout
        eventually(lambda: farm.call(lambda: farm._hosts["p0"].mqtt.has_listeners))
        for qos in ("0", "1"):
            ask = json.dumps({"info": {"command": "get_version", "sequence_id": qos}})
            command = mosquitto("mosquitto_pub", endpoint, tmp_path)
            done = run(*command, "-q", qos, "-t", f"{topic}/request", "-m", ask)
            assert done.returncode == 0, done.stderr
        eventually(lambda: len(farm.printer("p0").requests("get_version")) == 2)
        heard = ""
        guard = threading.Timer(5, listener.kill)
        guard.start()
        while '"sequence_id": "1"' not in heard:
            line = listener.stdout.readline()
            assert line, f"mosquitto_sub heard only {heard}"
            heard += line
        guard.cancel()
        listener.terminate()
    assert heard.count('"get_version"') == 2


def test_mosquitto_sub_is_told_that_the_code_is_wrong(simulated_farm, tmp_path):
    farm = simulated_farm("P1S", data_dir=tmp_path)
    command = mosquitto("mosquitto_sub", farm.endpoints["p0"], tmp_path)
    command[command.index("-P") + 1] = "wrong"
    done = run(*command, "-t", "#", "-C", "1")
    assert done.returncode == 5
    assert "not authori" in done.stderr.lower()


# the library's own habits: PROTOCOL_TLS, and sockets that it leaves to the garbage collector
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_bambulabs_api_mqtt(simulated_farm, eventually):
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    client = PrinterMQTTClient(
        endpoint.host, endpoint.access_code, endpoint.serial, port=endpoint.mqtt_port
    )
    client.connect()
    client.start()
    try:
        eventually(client.is_connected)
        eventually(lambda: client.dump().get("print"))
        assert client.get_printer_state().name == "IDLE"
        assert client.get_bed_temperature() is not None
        client.turn_light_off()
        eventually(lambda: len(farm.printer("p0").requests()) > 1)
    finally:
        client.stop()
        client._client.disconnect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_bambulabs_api_ftp(simulated_farm):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(ftps_close_notify=True)  # without it this client loses its lists
    endpoint = farm.endpoints["p0"]

    def client() -> PrinterFTPClient:
        return PrinterFTPClient(endpoint.host, endpoint.access_code, port=endpoint.ftps_port)

    assert client().upload_file(io.BytesIO(b"abc" * 50_000), "part.3mf").startswith("226")
    assert farm.printer("p0").file("/part.3mf") == b"abc" * 50_000
    reply, lines = client().list_directory()
    assert reply.startswith("226")
    assert any(line.endswith("part.3mf") for line in lines)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_bambulabs_api_camera(simulated_farm, eventually):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_fps=10.0)
    endpoint = farm.endpoints["p0"]
    camera = PrinterCamera(endpoint.host, endpoint.access_code, port=endpoint.camera_port)
    camera.start()
    try:
        eventually(lambda: camera.last_frame is not None)
        assert bytes(camera.last_frame[:3]) == b"\xff\xd8\xff"
    finally:
        camera.alive = False
        camera.stop()


def test_openssl_finds_tls_1_2_and_no_1_3(simulated_farm):
    openssl = program("openssl", "openssl")
    endpoint = simulated_farm("X1C").endpoints["p0"]
    target = f"{endpoint.host}:{endpoint.mqtt_port}"
    refused = run(openssl, "s_client", "-tls1_3", "-connect", target, stdin=subprocess.DEVNULL)
    assert refused.returncode != 0
    accepted = run(openssl, "s_client", "-tls1_2", "-connect", target, stdin=subprocess.DEVNULL)
    assert accepted.returncode == 0
    assert f"CN = {endpoint.serial}" in accepted.stdout or endpoint.serial in accepted.stdout


def test_curl_uploads_and_lists(simulated_farm, tmp_path):
    curl = program("curl", "curl")
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    part = tmp_path / "part.3mf"
    part.write_bytes(b"abc" * 100_000)
    url = f"ftps://{endpoint.host}:{endpoint.ftps_port}/"
    command = [curl, "-sS", "-k", "--ssl-reqd", "-u", f"bblp:{endpoint.access_code}", url]
    stored = run(*command, "-T", str(part))
    assert stored.returncode == 0, stored.stderr
    assert farm.printer("p0").file("/part.3mf") == part.read_bytes()
    listed = run(*command)
    assert "part.3mf" in listed.stdout
    without_reuse = run(*command, "--no-sessionid")
    assert without_reuse.returncode != 0
    wrong = run(*command, "-u", "bblp:wrong")
    assert wrong.returncode == 67  # login denied


def test_lftp_uploads_lists_and_reads_back(simulated_farm, tmp_path):
    lftp = program("lftp", "lftp")
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    part, back = tmp_path / "part.3mf", tmp_path / "back.3mf"
    part.write_bytes(b"abc" * 100_000)
    script = (
        "set ssl:verify-certificate no; set net:timeout 5; set net:max-retries 1; "
        f"open -u bblp,{endpoint.access_code} ftps://{endpoint.host}:{endpoint.ftps_port}; "
        f"put {part} -o part.3mf; ls; get part.3mf -o {back}"
    )
    done = run(lftp, "-c", script)
    assert done.returncode == 0, done.stderr
    assert "part.3mf" in done.stdout
    assert back.read_bytes() == part.read_bytes()

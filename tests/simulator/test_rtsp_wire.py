"""The RTSPS camera of X1, P2S and H2 printers on the wire (bambu-lan A12.2)."""

from __future__ import annotations

import logging
import os
import signal
import socket
import ssl
import subprocess
from itertools import pairwise

import pytest
from PIL import Image

from simulator.bambu.rtsp import stream
from tests.simulator.rtsp_client import (
    QUICK,
    RtspClient,
    encoders,
    ffmpeg,
    sprop_of,
    units_of,
    url_of,
)

SPS, PPS, KEY, SLICE = 7, 8, 5, 1


@pytest.fixture
def viewer(tls_socket):
    def connect(farm, printer_id="p0", code=""):
        endpoint = farm.endpoints[printer_id]
        return RtspClient(tls_socket(endpoint.host, endpoint.rtsp_port), endpoint, code)

    return connect


def is_closed(client: RtspClient) -> bool:
    try:
        while True:
            client._more()
    except (EOFError, ConnectionResetError, ssl.SSLError):
        return True


def kinds(client: RtspClient) -> list[int]:
    return [unit[0] & 0x1F for unit in units_of(client.picture())]


# --- programs that people use --------------------------------------------------------------------


def test_ffmpeg_gets_pictures_that_move(simulated_farm, tmp_path, eventually):
    farm = simulated_farm("X1C", scenario="printing", time_scale=30.0)
    farm.printer("p0").set(camera_fps=20.0)
    code, words, pictures = ffmpeg(farm.endpoints["p0"], tmp_path, pictures=20)
    assert (code, words, len(pictures)) == (0, "", 20)
    with Image.open(pictures[0]) as first, Image.open(pictures[-1]) as last:
        assert first.size == last.size == (1280, 720)
        assert first.tobytes() != last.tobytes()
    eventually(lambda: encoders() == [])


def test_ffprobe_sees_h264_at_the_farms_own_rate(simulated_farm):
    endpoint = simulated_farm("H2D").endpoints["p0"]
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", *QUICK, "-of", "csv=p=0",
         "-show_entries", "stream=codec_name,width,height", url_of(endpoint)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["h264,1280,720"]


@pytest.mark.parametrize("code", ["wrong", "x" * 32])
def test_ffmpeg_with_a_wrong_code_is_told_401(simulated_farm, tmp_path, code):
    farm = simulated_farm("X1C")
    result, words, pictures = ffmpeg(farm.endpoints["p0"], tmp_path, code=code)
    assert result != 0 and pictures == []
    assert "401 Unauthorized" in words
    assert encoders() == []


# --- the protocol --------------------------------------------------------------------------------


def test_a_session_from_options_to_teardown(simulated_farm, viewer):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(camera_fps=20.0)
    client = viewer(farm)
    assert "DESCRIBE" in client.ask("OPTIONS").headers["public"]
    described = client.signed("DESCRIBE", Accept="application/sdp")
    assert described.headers["content-type"] == "application/sdp"
    assert described.headers["content-base"] == f"{client.url}/"
    assert "a=control:track1\r\n" in described.body
    sets = sprop_of(described.body)
    assert [part[0] & 0x1F for part in sets] == [SPS, PPS]
    set_up = client.set_up()
    assert set_up.headers["transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1"
    assert set_up.headers["session"].endswith(";timeout=65")
    playing = client.ask("PLAY", Session=client.session)
    first = client.picture()
    assert f"seq={first[0].sequence};rtptime={first[0].timestamp}" in playing.headers["rtp-info"]
    units = units_of(first)
    assert [unit for unit in units if unit[0] & 0x1F in (SPS, PPS)] == sets
    assert client.ask("GET_PARAMETER", Session=client.session).status == 200
    assert client.ask("TEARDOWN", Session=client.session).status == 200
    assert is_closed(client)


def test_packets_are_numbered_and_small_and_pictures_whole(simulated_farm, viewer):
    farm = simulated_farm("P2S", scenario="printing", time_scale=30.0)
    farm.printer("p0").set(camera_fps=20.0)
    client = viewer(farm)
    client.play()
    pictures = [client.picture() for _ in range(6)]
    packets = [packet for picture in pictures for packet in picture]
    steps = {(b.sequence - a.sequence) % 65536 for a, b in pairwise(packets)}
    assert steps == {1}
    assert max(len(packet.payload) for packet in packets) <= 1400
    assert any(packet.payload[0] & 0x1F == 28 for packet in packets), "no fragment at all"
    assert all({p.timestamp for p in picture} == {picture[0].timestamp} for picture in pictures)
    begun = [picture[0].timestamp for picture in pictures]
    assert begun == sorted(begun) and len(set(begun)) == 6
    told = [[unit[0] & 0x1F for unit in units_of(picture)] for picture in pictures]
    assert told[0][:2] == [SPS, PPS] and told[0][-1] == KEY
    assert all(kinds[-1] in (SLICE, KEY) for kinds in told)


def test_key_pictures_come_again_with_their_parameters(simulated_farm, viewer):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(camera_fps=30.0)
    client = viewer(farm)
    client.play()
    assert kinds(client)[:2] == [SPS, PPS]
    again = next(found for _ in range(90) if (found := kinds(client))[-1] == KEY)
    assert again[:2] == [SPS, PPS]


def test_only_tcp_is_served(simulated_farm, viewer):
    client = viewer(simulated_farm("X1C"))
    assert client.signed("DESCRIBE").status == 200
    for wanted in (
        "RTP/AVP;unicast;client_port=5000-5001",
        "RTP/AVP/UDP;unicast;client_port=5000-5001",
        "RTP/AVP/TCP;unicast",
        "RTP/AVP/TCP;unicast;interleaved=255-256",
    ):
        assert client.set_up(wanted).status == 461
    assert client.set_up("RTP/AVP/TCP;unicast;interleaved=4-5").status == 200


def test_what_does_not_fit_is_refused_by_number(simulated_farm, viewer):
    client = viewer(simulated_farm("X1C"))
    assert client.ask("PLAY").status == 455
    assert client.ask("RECORD").status == 405
    base = client.url.removesuffix("live/1")
    assert client.signed("DESCRIBE", f"{base}live/2").status == 404
    assert client.set_up().status == 200
    assert client.ask("PLAY", Session="0BADCAFE").status == 454


def test_a_proof_is_good_on_its_own_connection_only(simulated_farm, viewer):
    farm = simulated_farm("X1C")
    first, second = viewer(farm), viewer(farm)
    assert first.signed("DESCRIBE").status == 200
    stolen = first.proof("DESCRIBE")
    assert second.ask("DESCRIBE", Authorization=stolen).status == 401
    refused = second.ask("DESCRIBE", Authorization=stolen)
    assert refused.status == 401
    second.learn(refused)
    right = second.proof("DESCRIBE")
    assert second.ask("DESCRIBE", Authorization=right.replace("bblp", "root")).status == 401
    assert second.ask("DESCRIBE", Authorization="Basic YmJscDp4").status == 401
    assert second.ask("DESCRIBE", Authorization=right).status == 401, "an old nonce"


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 30_000, b"OPTIONS * RTSP/1.0\r\nContent-Length: "
     b"99999999\r\n\r\n", b"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n"],
    ids=["http", "endless", "long body", "negative body"],
)  # fmt: skip
def test_what_is_not_rtsp_ends_the_connection(simulated_farm, viewer, garbage):
    client = viewer(simulated_farm("X1C"))
    client.sock.sendall(garbage)
    assert is_closed(client)


def test_what_a_player_says_between_requests_is_passed_over(simulated_farm, viewer):
    client = viewer(simulated_farm("X1C"))
    report = b"$\x01\x00\x08\x80\xc9\x00\x01\x00\x00\x00\x00"
    client.sock.sendall(report * 3 + b"\r\n")
    assert client.ask("OPTIONS").status == 200
    client.sock.sendall(b"SET_PARAMETER * RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 4\r\n\r\nabc\n")
    assert client.reply().headers["cseq"] == "9"


# --- viewers and the encoder ---------------------------------------------------------------------


def test_all_viewers_share_one_encoder_that_ends_with_the_last(simulated_farm, viewer, eventually):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(camera_fps=20.0)
    assert encoders() == []
    clients = [viewer(farm) for _ in range(3)]
    for client in clients:
        client.play()
        assert kinds(client)[-1] == KEY, "a new viewer begins with a whole picture"
    (child,) = encoders()
    clients[0].sock.close()
    clients[1].ask("TEARDOWN", Session=clients[1].session)
    clients[2].picture()
    assert encoders() == [child]
    clients[2].sock.close()
    eventually(lambda: encoders() == [])


def test_a_description_alone_leaves_nothing_behind(simulated_farm, viewer, eventually):
    farm = simulated_farm("X1C")
    client = viewer(farm)
    assert client.signed("DESCRIBE").status == 200
    assert len(encoders()) == 1
    client.sock.close()
    eventually(lambda: encoders() == [])


def test_a_printer_that_goes_takes_its_encoder_along(simulated_farm, viewer):
    farm = simulated_farm("X1C", "H2D")
    clients = [viewer(farm, "p0"), viewer(farm, "p1")]
    for client in clients:
        client.play()
    assert len(encoders()) == 2
    farm.printer("p0").go_offline()
    assert len(encoders()) == 1
    farm.stop()
    assert encoders() == []


def test_an_encoder_that_dies_is_replaced(simulated_farm, viewer, eventually):
    farm = simulated_farm("X1C")
    client = viewer(farm)
    client.play()
    (child,) = encoders()
    os.kill(child.pid, signal.SIGKILL)
    assert is_closed(client)
    eventually(lambda: encoders() == [])
    again = viewer(farm)
    again.play()
    assert kinds(again)[-1] == KEY


def test_without_ffmpeg_the_port_says_so(simulated_farm, viewer, monkeypatch, caplog):
    monkeypatch.setattr(stream, "find_ffmpeg", lambda: None)
    client = viewer(simulated_farm("X1C"))
    with caplog.at_level(logging.WARNING):
        assert client.signed("DESCRIBE").status == 503
    assert "p0: its camera has no picture, because this machine has no ffmpeg" in caplog.text


def test_an_ffmpeg_that_cannot_work_is_told_in_its_own_words(
    simulated_farm, viewer, monkeypatch, caplog, tmp_path
):
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho Unknown encoder libx264 >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(stream, "find_ffmpeg", lambda: str(broken))
    client = viewer(simulated_farm("X1C"))
    with caplog.at_level(logging.WARNING):
        assert client.signed("DESCRIBE").status == 503
    assert "Unknown encoder libx264" in caplog.text


# --- knobs ---------------------------------------------------------------------------------------


def test_only_models_with_rtsp_have_the_port(simulated_farm):
    farm = simulated_farm("P1S", "A1", "X1C", "X1E", "P2S", "H2D")
    ports = [(e.camera_port > 0, e.rtsp_port > 0) for e in farm.endpoints.values()]
    assert ports == [(True, False)] * 2 + [(False, True)] * 4


def refuses(endpoint) -> bool:
    try:
        socket.create_connection((endpoint.host, endpoint.rtsp_port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_liveview_that_is_switched_off_refuses_and_comes_back(simulated_farm, viewer, eventually):
    farm = simulated_farm("P2S")
    endpoint = farm.endpoints["p0"]
    watching = viewer(farm)
    watching.play()
    farm.printer("p0").set(liveview_off=True)
    assert is_closed(watching)
    eventually(lambda: refuses(endpoint) and encoders() == [])
    report = farm.printer("p0").peek(lambda machine: machine.snapshot())
    assert report["ipcam"]["rtsp_url"] == "disable"
    farm.printer("p0").set(liveview_off=False)
    eventually(lambda: not refuses(endpoint))
    assert farm.endpoints["p0"].rtsp_port == endpoint.rtsp_port
    assert viewer(farm).play().status == 200


def test_a_printer_comes_back_with_its_liveview_as_it_was(simulated_farm, eventually):
    farm = simulated_farm("H2D")
    endpoint, handle = farm.endpoints["p0"], farm.printer("p0")
    handle.set(liveview_off=True)
    handle.go_offline()
    handle.go_online()
    assert refuses(endpoint)
    handle.go_offline()
    handle.set(liveview_off=False)
    assert refuses(endpoint)
    handle.go_online()
    eventually(lambda: not refuses(endpoint))


def test_a_jpeg_camera_knows_no_such_switch(simulated_farm, tls_socket):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(liveview_off=True)
    farm.printer("p0").go_offline()
    farm.printer("p0").go_online()
    endpoint = farm.endpoints["p0"]
    tls_socket(endpoint.host, endpoint.camera_port).close()


def test_a_camera_that_is_off_closes_at_once(simulated_farm, viewer):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(camera_off=True)
    assert is_closed(viewer(farm))


def test_a_refusal_comes_after_the_sign_in(simulated_farm, viewer):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(rtsp_refuse=True)
    assert viewer(farm).signed("DESCRIBE").status == 503
    assert encoders() == []


@pytest.mark.parametrize("knob", ["rtsp_stall", "camera_stall"])
def test_a_stall_sends_nothing_until_it_ends(simulated_farm, viewer, knob):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(camera_fps=20.0)
    client = viewer(farm)
    client.play()
    client.picture()
    farm.printer("p0").set(**{knob: True})
    client.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        while True:
            client.picture()
    farm.printer("p0").set(**{knob: False})
    client.sock.settimeout(5)
    assert kinds(client)[-1] == KEY


def test_a_frozen_server_answers_nothing(simulated_farm, viewer):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(rtsp_stall=True)
    client = viewer(farm)
    client.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.ask("OPTIONS")
    farm.printer("p0").set(rtsp_stall=False)
    client.sock.settimeout(5)
    assert client.reply().status == 200


def test_a_connection_cut_in_the_middle_of_a_picture(simulated_farm, viewer, eventually):
    farm = simulated_farm("X1C")
    farm.printer("p0").set(camera_fps=20.0, rtsp_drop=3)
    client = viewer(farm)
    client.play()
    client.picture()
    client.picture()
    with pytest.raises((EOFError, OSError)):
        client.picture()
    eventually(lambda: encoders() == [])


def test_lost_packets_leave_gaps_in_the_numbers(simulated_farm, viewer):
    farm = simulated_farm("X1C", scenario="printing")
    farm.printer("p0").set(camera_fps=20.0, rtsp_loss=4)
    client = viewer(farm)
    client.play()
    while len(client.packets) < 12:
        client._take_packet()
    numbers = [packet.sequence for packet in client.packets]
    gaps = [(b - a) % 65536 for a, b in pairwise(numbers)]
    assert set(gaps) == {1, 2} and 2 <= gaps.count(2) <= 4

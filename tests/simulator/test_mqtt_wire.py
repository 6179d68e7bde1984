"""The printers' MQTT servers, over real TLS sockets (bambu-lan A2, A3, B2)."""

from __future__ import annotations

import hashlib
import json
import queue
import ssl
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bambu import mqtt_packets
from simulator.bambu.mqtt_packets import MalformedPacket, PacketReader
from simulator.bambu.report_faults import LATIN1_NAME
from simulator.bambu.report_json import ReportForm, encode

ACCEPTED, UNAVAILABLE, NOT_AUTHORIZED = 0, 136, 135  # paho's reason codes of CONNACK 0, 3 and 5


def connect_packet(endpoint, client_id="raw") -> bytes:
    def text(value: str) -> bytes:
        return len(value).to_bytes(2, "big") + value.encode()

    body = text("MQTT") + bytes((4, 0xC2, 0, 30)) + text(client_id)
    body += text("bblp") + text(endpoint.access_code)
    return bytes((0x10, len(body))) + body


def assert_closed(sock: ssl.SSLSocket) -> None:
    sock.settimeout(5)
    try:
        while sock.recv(4096):
            continue
    except (ConnectionResetError, ssl.SSLError):
        return


def assert_silent(messages: queue.Queue, seconds: float) -> None:
    with pytest.raises(queue.Empty):
        messages.get(timeout=seconds)


# sessions


def test_pushall_is_answered_with_an_indented_full_report(simulated_farm, probe):
    farm = simulated_farm("P1S")
    client = probe(farm.endpoints["p0"]).online()
    client.ask("pushing", command="pushall")
    payload = client.next()
    report = json.loads(payload)
    assert report["print"]["command"] == "push_status"
    assert payload == json.dumps(report, indent=4, ensure_ascii=False).encode()


def test_get_version_is_answered_with_the_same_sequence_id(simulated_farm, probe):
    farm = simulated_farm("X1C")
    client = probe(farm.endpoints["p0"]).online()
    client.ask("info", command="get_version")
    answer = client.answer("info", "get_version")
    assert answer["sequence_id"] == "20001"
    assert any(module["name"] == "ota" for module in answer["module"])


def test_qos_1_requests_are_acknowledged_by_the_broker(simulated_farm, probe):
    farm = simulated_farm("P1S")
    client = probe(farm.endpoints["p0"]).online()
    sent = client.ask("info", qos=1, command="get_version")
    sent.wait_for_publish(5)
    assert sent.is_published()
    assert farm.printer("p0").requests("get_version")[0]["sequence_id"] == "20001"


def test_a_wrong_code_is_refused_with_rc_5(simulated_farm, probe):
    farm = simulated_farm("P1S")
    client = probe(farm.endpoints["p0"], code="wrong")
    assert client.connack.get(timeout=30) == NOT_AUTHORIZED
    assert client.lost.wait(5)


def test_a_changed_code_throws_clients_out_and_refuses_the_old_one(simulated_farm, probe):
    farm = simulated_farm("P1S")
    old = farm.endpoints["p0"]
    client = probe(old).online()
    farm.printer("p0").set(access_code="newcode1")
    assert client.lost.wait(5)
    assert probe(old).connack.get(timeout=30) == NOT_AUTHORIZED
    assert probe(farm.endpoints["p0"]).connack.get(timeout=30) == ACCEPTED


def test_the_knob_refuse_login_refuses_the_right_code(simulated_farm, probe):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(refuse_login=True)
    assert probe(farm.endpoints["p0"]).connack.get(timeout=30) == NOT_AUTHORIZED


@pytest.mark.parametrize(("model", "slots"), [("P1S", 4), ("A1", 4), ("X1C", 8)])
def test_client_slots_run_out_and_come_back(simulated_farm, probe, eventually, model, slots):
    farm = simulated_farm(model)
    endpoint = farm.endpoints["p0"]
    clients = [probe(endpoint).online() for _ in range(slots)]
    assert probe(endpoint).connack.get(timeout=30) == UNAVAILABLE
    clients[0].close()
    eventually(lambda: len(farm.printer("p0").clients()) < slots)
    assert probe(endpoint).connack.get(timeout=30) == ACCEPTED


def test_the_same_client_id_takes_the_session_over(simulated_farm, probe):
    farm = simulated_farm("P1S")
    first = probe(farm.endpoints["p0"], client_id="farm-1").online()
    second = probe(farm.endpoints["p0"], client_id="farm-1").online()
    assert first.lost.wait(5)
    second.ask("pushing", command="pushall")
    assert second.answer("print", "push_status")
    assert farm.printer("p0").clients() == ["farm-1"]


def test_another_serial_is_granted_and_stays_silent(simulated_farm, probe):
    farm = simulated_farm("P1S")
    right = probe(farm.endpoints["p0"]).online()
    wrong = probe(farm.endpoints["p0"])
    assert wrong.connack.get(timeout=30) == ACCEPTED
    wrong.subscribe("device/01P00SIM9999999/report")
    right.ask("pushing", command="pushall")
    assert right.next()
    assert_silent(wrong.messages, 0.3)


def test_requests_to_another_serial_are_ignored(simulated_farm, probe):
    farm = simulated_farm("P1S")
    client = probe(farm.endpoints["p0"]).online()
    client.client.publish("device/01P00SIM9999999/request", b'{"pushing":{"command":"pushall"}}')
    client.ask("info", command="get_version")
    assert client.answer("info", "get_version")
    assert farm.printer("p0").requests("pushall") == []


def test_subscribing_to_requests_drops_the_connection_on_p1_only(simulated_farm, probe):
    farm = simulated_farm("P1S", "X1C")
    for printer_id, dropped in (("p0", True), ("p1", False)):
        client = probe(farm.endpoints[printer_id])
        assert client.connack.get(timeout=30) == ACCEPTED
        client.client.subscribe(f"device/{client.serial}/request")
        if dropped:
            assert client.lost.wait(5)
        else:
            assert client.granted.get(timeout=30) == 0
            assert not client.lost.is_set()


def test_unsubscribed_clients_hear_nothing(simulated_farm, probe, eventually):
    farm = simulated_farm("P1S")
    quiet = probe(farm.endpoints["p0"]).online()
    other = probe(farm.endpoints["p0"]).online()
    done = queue.Queue()
    quiet.client.on_unsubscribe = lambda *_: done.put(True)
    quiet.client.unsubscribe(f"device/{quiet.serial}/report")
    assert done.get(timeout=30)
    while not quiet.messages.empty():
        quiet.messages.get()
    other.ask("pushing", command="pushall")
    assert other.next()
    assert_silent(quiet.messages, 0.2)


def test_a_ping_is_answered(simulated_farm, tls_socket):
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    sock = tls_socket(endpoint.host, endpoint.mqtt_port)
    sock.sendall(connect_packet(endpoint))
    assert sock.recv(4) == b"\x20\x02\x00\x00"
    sock.sendall(b"\xc0\x00")
    assert sock.recv(2) == b"\xd0\x00"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x10\xff\xff\xff\xff\x01",  # length of five bytes
        b"\x30\xff\xff\xff\x7f",  # a packet of 256 MB
        b"\x30\x05\x00\x03abc",  # PUBLISH before CONNECT
        b"\x10\x06\x00\x04MQTX",
        b"\x10\x04\x00\x04MQ",  # ends too early
    ],
)
def test_malformed_packets_close_only_their_connection(simulated_farm, probe, tls_socket, data):
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    healthy = probe(endpoint).online()
    sock = tls_socket(endpoint.host, endpoint.mqtt_port)
    sock.sendall(data)
    assert_closed(sock)
    healthy.ask("pushing", command="pushall")
    assert healthy.answer("print", "push_status")
    assert not healthy.lost.is_set()


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\x02\x00\x01",  # SUBSCRIBE to nothing
        b"\x80\x06\x00\x01\x00\x01x\x00",  # SUBSCRIBE with wrong flags
        b"\x82\x06\x00\x01\x00\x01\xff\x00",  # topic that is not UTF-8
        b"\x36\x05\x00\x01x\x00\x01",  # QoS 3
        b"\xf0\x00",  # unknown type
    ],
)
def test_malformed_packets_after_the_login_close_the_connection(simulated_farm, tls_socket, data):
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    sock = tls_socket(endpoint.host, endpoint.mqtt_port)
    sock.sendall(connect_packet(endpoint))
    assert sock.recv(4) == b"\x20\x02\x00\x00"
    sock.sendall(data)
    assert_closed(sock)
    assert farm.printer("p0").clients() == []


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[1]", b'{"print":', b"\xff\xfe", b'{"print":3}', b"[" * 100_000]
)
def test_senseless_requests_do_not_end_the_printer(simulated_farm, probe, payload):
    farm = simulated_farm("P1S")
    client = probe(farm.endpoints["p0"]).online()
    client.client.publish(f"device/{client.serial}/request", payload)
    client.ask("info", command="get_version")
    assert client.answer("info", "get_version")


def test_trailing_nul_bytes_of_requests_are_tolerated(simulated_farm, probe):
    farm = simulated_farm("P1S")
    client = probe(farm.endpoints["p0"]).online()
    payload = b'{"info":{"sequence_id":"7","command":"get_version"}}\0\0'
    client.client.publish(f"device/{client.serial}/request", payload)
    assert client.answer("info", "get_version")["sequence_id"] == "7"


# faults of the connection


def test_a_dropped_connection_is_noticed_at_once(simulated_farm, probe):
    farm = simulated_farm("P1S")
    client = probe(farm.endpoints["p0"]).online()
    farm.printer("p0").drop_tcp()
    assert client.lost.wait(2)


def test_a_half_open_connection_is_silent_but_not_closed(simulated_farm, probe):
    farm = simulated_farm("P1S")
    frozen = probe(farm.endpoints["p0"]).online()
    farm.printer("p0").half_open()
    fresh = probe(farm.endpoints["p0"]).online()
    while not frozen.messages.empty():
        frozen.messages.get()
    frozen.ask("pushing", command="pushall")
    fresh.ask("info", command="get_version")
    assert fresh.answer("info", "get_version")
    assert_silent(frozen.messages, 0.3)
    assert not frozen.lost.is_set()
    assert farm.printer("p0").requests("pushall") == []


def test_going_offline_refuses_and_going_online_uses_the_same_port(simulated_farm, probe):
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    client = probe(endpoint).online()
    farm.printer("p0").go_offline()
    assert client.lost.wait(5)
    with pytest.raises(ConnectionRefusedError):
        probe(endpoint)
    farm.printer("p0").go_online()
    assert farm.endpoints["p0"].mqtt_port == endpoint.mqtt_port
    assert probe(endpoint).connack.get(timeout=30) == ACCEPTED


def test_connections_can_be_closed_before_mqtt_begins(simulated_farm, tls_socket):
    farm = simulated_farm("P1S")
    endpoint = farm.endpoints["p0"]
    farm.printer("p0").set(refuse_connections=True)
    with pytest.raises(OSError, match=r"EOF|reset|CONNACK|closed"):
        sock = tls_socket(endpoint.host, endpoint.mqtt_port)
        sock.sendall(connect_packet(endpoint))
        if not sock.recv(4):
            raise ConnectionResetError("closed without a CONNACK")


def test_a_slow_connack_comes_late(simulated_farm, probe):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(connack_delay_s=0.3)
    begin = time.monotonic()
    assert probe(farm.endpoints["p0"]).connack.get(timeout=30) == ACCEPTED
    assert time.monotonic() - begin >= 0.3


def test_drop_every_s_drops_again_and_again(simulated_farm, probe):
    farm = simulated_farm("P1S", tick_s=0.02)
    farm.printer("p0").set(drop_every_s=0.05)
    for _ in range(2):
        client = probe(farm.endpoints["p0"])
        assert client.lost.wait(5)


# faults of the payload


def spoiled(farm, probe, **knobs) -> list[bytes]:
    farm.printer("p0").set(**knobs)
    client = probe(farm.endpoints["p0"]).online()
    client.ask("pushing", command="pushall")
    return [client.next()]


def test_latin_1_reports_are_invalid_utf_8(simulated_farm, probe):
    (payload,) = spoiled(simulated_farm("A1 mini"), probe, latin1_payload=True)
    with pytest.raises(UnicodeDecodeError):
        payload.decode("utf-8")
    assert json.loads(payload.decode("latin-1"))["print"]["subtask_name"] == LATIN1_NAME


def test_truncated_reports_do_not_parse(simulated_farm, probe):
    (payload,) = spoiled(simulated_farm("P1S"), probe, truncate_json=True)
    with pytest.raises(ValueError, match=r"."):
        json.loads(payload)
    assert payload.startswith(b"{")


def test_reports_with_a_trailing_nul(simulated_farm, probe):
    (payload,) = spoiled(simulated_farm("P1S"), probe, trailing_nul=True)
    assert payload.endswith(b"}\0")


def test_null_reports(simulated_farm, probe):
    assert spoiled(simulated_farm("P1S"), probe, null_reports=True) == [b"null"]


def test_garbage_before_reports(simulated_farm, probe):
    (payload,) = spoiled(simulated_farm("P1S"), probe, garbage_bytes=1_000_000)
    assert len(payload) == 1_000_000


def test_any_bytes_can_be_published(simulated_farm, probe):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(mute_pushes=True)
    client = probe(farm.endpoints["p0"]).online()
    farm.printer("p0").publish_raw(b"\xff\x00hello")
    while (payload := client.next()) != b"\xff\x00hello":
        assert payload.startswith(b"{")


# certificates


def test_the_leaf_is_named_after_the_serial_and_has_no_other_name(simulated_farm, tmp_path):
    from cryptography import x509

    farm = simulated_farm("P1S", data_dir=tmp_path)
    endpoint = farm.endpoints["p0"]
    pem = ssl.get_server_certificate((endpoint.host, endpoint.mqtt_port))
    leaf = x509.load_pem_x509_certificate(pem.encode())
    names = {attribute.rfc4514_attribute_name: attribute.value for attribute in leaf.subject}
    assert names["CN"] == endpoint.serial
    assert "BBL CA (simulated)" in leaf.issuer.rfc4514_string()
    assert not list(leaf.extensions)
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert hashlib.sha256(der).hexdigest() == endpoint.certificate_sha256
    for port in (endpoint.ftps_port, endpoint.camera_port):
        assert ssl.get_server_certificate((endpoint.host, port)) == pem


def test_a_pin_of_the_leaf_holds_until_the_certificate_is_rotated(simulated_farm, tls_socket):
    farm = simulated_farm("P1S", "X1C")
    first, other = farm.endpoints["p0"], farm.endpoints["p1"]
    pem = ssl.get_server_certificate((first.host, first.mqtt_port))
    pinned = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pinned.check_hostname = False
    pinned.load_verify_locations(cadata=pem)
    pinned.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    pinned.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT

    def handshake(port: int) -> None:
        import socket

        with (
            socket.create_connection((first.host, port), 5) as raw,
            pinned.wrap_socket(raw) as sock,
        ):
            assert sock.version() == "TLSv1.2"

    handshake(first.mqtt_port)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(other.mqtt_port)
    farm.printer("p0").rotate_certificate()
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(first.mqtt_port)
    assert farm.endpoints["p0"].certificate_sha256 != first.certificate_sha256


def test_certificates_outlive_a_restart_when_there_is_a_data_folder(simulated_farm, tmp_path):
    farm = simulated_farm("P1S", "X1C", data_dir=tmp_path)
    farm.printer("p1").rotate_certificate()
    before = {i: e.certificate_sha256 for i, e in farm.endpoints.items()}
    farm.stop()
    again = simulated_farm("P1S", "X1C", data_dir=tmp_path)
    assert {i: e.certificate_sha256 for i, e in again.endpoints.items()} == before
    pem = ssl.get_server_certificate(("127.0.0.1", again.endpoints["p1"].mqtt_port))
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert hashlib.sha256(der).hexdigest() == before["p1"]


def test_tls_1_3_only_with_its_knob(simulated_farm, tls_socket, trusting):
    farm = simulated_farm("P2S")
    endpoint = farm.endpoints["p0"]
    assert tls_socket(endpoint.host, endpoint.mqtt_port).version() == "TLSv1.2"
    farm.printer("p0").set(tls13=True)
    assert tls_socket(endpoint.host, endpoint.mqtt_port).version() == "TLSv1.3"


# packets and payloads


@given(st.binary(max_size=200), st.integers(1, 40))
def test_the_packet_reader_raises_nothing_but_malformed_packet(data, step):
    reader = PacketReader()
    try:
        for start in range(0, len(data), step):
            for packet in reader.feed(data[start : start + step]):
                mqtt_packets.read_publish(packet)
                mqtt_packets.read_connect(packet.body)
                mqtt_packets.read_subscribe(packet)
                mqtt_packets.read_unsubscribe(packet)
    except MalformedPacket:
        return


@given(st.binary(max_size=20_000), st.integers(1, 5000))
def test_a_published_packet_reads_back_from_any_cut(payload, step):
    raw = mqtt_packets.publish("device/X/report", payload)
    reader = PacketReader()
    packets = [p for i in range(0, len(raw), step) for p in reader.feed(raw[i : i + step])]
    (packet,) = packets
    message = mqtt_packets.read_publish(packet)
    assert (message.topic, message.payload, message.qos) == ("device/X/report", payload, 0)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('ab "\\ü\n{}[]: ,'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a b"), inner, max_size=3),
)


@given(st.dictionaries(st.text("ab "), _json, max_size=4))
def test_the_fast_indentation_equals_the_standard_library(message):
    assert encode(message) == json.dumps(message, indent=4, ensure_ascii=False).encode()


def test_benchmark_reports_have_size_rate_and_stamp(simulated_farm, probe):
    form = ReportForm(pad_bytes=9000, stamp=True)
    farm = simulated_farm("P1S", report_hz=20, form=form)
    client = probe(farm.endpoints["p0"]).online()
    payloads = [client.next() for _ in range(11)]
    begin = time.monotonic()
    payloads += [client.next() for _ in range(10)]
    assert 0.3 < time.monotonic() - begin < 1.5
    assert all(9000 <= len(payload) < 12_000 for payload in payloads)
    body = json.loads(payloads[-1])["print"]
    assert 0 <= time.time_ns() - body["t_stamp"] < 5_000_000_000
    assert body["layer_num"] == body["t_stamp"] // 1_000_000 % 20_000
    assert body["mc_percent"] == body["t_stamp"] // 10_000 % 100

"""Faults of the connection and of what is reported; certificates."""

from __future__ import annotations

import hashlib
import json
import ssl
import time

import pytest

from simulator.bambu.report_faults import LATIN1_NAME
from tests.simulator.mqtt_raw import ACCEPTED, assert_silent, connect_packet


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

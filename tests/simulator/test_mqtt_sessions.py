"""Sessions with a simulated Bambu printer over real sockets: logins, slots, malformed packets."""

from __future__ import annotations

import json
import queue

import pytest

from tests.simulator.mqtt_raw import (
    ACCEPTED,
    NOT_AUTHORIZED,
    UNAVAILABLE,
    assert_closed,
    assert_silent,
    connect_packet,
)


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

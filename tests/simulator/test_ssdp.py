"""Announcements to loopback (bambu-lan A13)."""

from __future__ import annotations

import socket

import pytest

from simulator.bambu.ssdp import Announcement, SsdpSender, notify_datagram

OAK = Announcement(
    address="127.0.0.1", serial="01P00SIM0000001", model_code="C12", name="Oak", version="01.08"
)


@pytest.fixture
def listener():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


def headers(datagram: bytes) -> dict[str, str]:
    lines = datagram.decode().split("\r\n")
    assert lines[0] == "NOTIFY * HTTP/1.1"
    assert lines[-2:] == ["", ""]
    return dict(line.split(": ", 1) for line in lines[1:-2])


def test_the_datagram_has_the_headers_of_a_printer():
    found = headers(notify_datagram(OAK))
    assert found["USN"] == OAK.serial
    assert found["Location"] == "127.0.0.1"
    assert found["NT"] == "urn:bambulab-com:device:3dprinter:1"
    assert found["DevModel.bambu.com"] == "C12"
    assert found["DevName.bambu.com"] == "Oak"
    assert found["DevConnect.bambu.com"] == "lan"


@pytest.mark.parametrize("address", ["255.255.255.255", "239.255.255.250", "10.0.0.1"])
def test_nothing_leaves_the_machine(address):
    with pytest.raises(ValueError, match="loopback"):
        SsdpSender(address=address)


def test_a_farm_announces_each_printer_that_is_on(simulated_farm, listener):
    farm = simulated_farm("P1S", "X1C", ssdp_port=listener.getsockname()[1])
    heard = {headers(listener.recv(2000))["USN"] for _ in range(2)}
    assert heard == {endpoint.serial for endpoint in farm.endpoints.values()}


def test_a_farm_is_silent_by_default(simulated_farm, listener):
    simulated_farm("P1S")
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.recv(2000)

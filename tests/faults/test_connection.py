"""The way to the printer is disturbed: codes, places, silence, certificates."""

from __future__ import annotations

import ssl
import time
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from printers import commands as c
from tests.waiting import wait_for

PRINTERS = [("P1S", "idle")] * 16 + [("X1C", "idle")] * 2 + [("P1S", "printing")]


@pytest.mark.fault("access_code")
def test_a_changed_access_code(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(access_code="99999999")
    panel = seat.in_state("auth")
    assert panel["message"].startswith(f"{seat.name} refuses the access code.")
    assert "read the new one on the printer's screen" in panel["message"]
    assert seat.blocked() == ("auth", panel["message"])
    assert seat.refusal(c.Home()) == panel["message"]
    assert panel["temps"] == {}, "old temperatures are shown as if they were live"
    seat.sim.set(access_code="")
    assert seat.in_state("ready")["message"] == ""


@pytest.mark.fault("refuse_login")
def test_a_printer_that_refuses_every_login(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(refuse_login=True)
    seat.order(c.Reconnect())
    assert "refuses the access code" in seat.in_state("auth")["message"]
    seat.sim.set(refuse_login=False)
    seat.in_state("ready")


def _rival(farm: Any, seat: Any) -> mqtt.Client:
    """Another program that takes a client place of the printer."""
    end = farm.simulated.endpoints[seat.id]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    rival = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="rival")
    rival.tls_set_context(context)
    rival.username_pw_set("bblp", end.access_code)
    rival.connect(end.host, end.mqtt_port)
    rival.loop_start()
    wait_for(rival.is_connected)
    return rival


@pytest.mark.fault("max_clients")
def test_all_client_places_taken(farm: Any) -> None:
    seat = farm.take()
    rival = _rival(farm, seat)
    try:
        seat.sim.set(max_clients=1)
        seat.order(c.Reconnect())
        text = seat.noticed("client_slots_full")
        panel = seat.in_state("offline")
        assert seat.name in text and "lose other slicers" in text
        assert panel["message"] == text
        code, why = seat.blocked()
        assert code == "printer_offline" and text in why
    finally:
        rival.disconnect()
        rival.loop_stop()
    assert seat.in_state("ready")["notices"] == []


@pytest.mark.fault("refuse_connections")
def test_connections_closed_at_once(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(refuse_connections=True)
    seat.order(c.Reconnect())
    text = seat.noticed("client_slots_full")
    assert text.startswith(f"{seat.name} ") and "places for clients" in text
    assert seat.panel()["state"] == "offline"
    seat.sim.set(refuse_connections=False)
    assert seat.in_state("ready")["notices"] == []


@pytest.mark.fault("connack_delay_s")
def test_a_login_that_is_never_answered(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(connack_delay_s=30.0)
    seat.order(c.Reconnect())
    panel = seat.until(lambda p: "does not answer the login" in p["message"])
    assert panel["state"] == "offline"
    assert panel["message"].startswith(f"{seat.name} takes the connection")
    assert "off and on" in panel["message"]
    seat.sim.set(connack_delay_s=0.0)
    seat.in_state("ready")


@pytest.mark.fault("drop_tcp")
def test_a_dropped_connection(farm: Any) -> None:
    seat = farm.take()
    seat.sim.do("drop_tcp")
    seat.until(lambda _: any("was lost" in s.message for s in seat.history))
    lost = f"The connection to {seat.name} was lost; connecting again."
    assert ("offline", lost) in seat.said()
    seat.in_state("ready")


@pytest.mark.fault("drop_every_s")
def test_a_connection_that_keeps_dropping_points_at_another_program(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(drop_every_s=0.4)
    text = seat.noticed("kicked")
    assert text.startswith(f"{seat.name} keeps ending the connection.")
    assert "Another copy of this farm" in text
    seat.sim.set(drop_every_s=0.0)
    seat.until(lambda p: p["state"] == "ready" and p["notices"] == [])


@pytest.mark.fault("half_open")
def test_a_half_open_connection(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.do("half_open")
    panel = seat.in_state("offline")
    assert panel["message"].startswith(seat.name)
    assert "report" in panel["message"]
    assert seat.blocked("home")[0] == "printer_offline"
    seat.in_state("ready")


@pytest.mark.fault("mute_all")
def test_a_printer_that_falls_silent_ages_in_front_of_the_operator(farm: Any) -> None:
    seat = farm.take("P1S", "printing")
    stale, gone = seat.panel(later=16), seat.panel(later=61)
    assert stale["conn"]["stale"] and stale["state"] == "printing"
    assert stale["gates"]["stop"]["code"] == "printer_stale"
    assert "silent for more than 15 s" in stale["gates"]["stop"]["why"]
    assert gone["state"] == "offline" and not gone["conn"]["online"]
    assert gone["conn"]["text"] == f"{seat.name} has sent nothing for more than 60 s."
    assert gone["temps"] == {} and gone["job"]["left_s"] is None
    seat.sim.set(mute_all=True)
    seat.until(lambda p: p["state"] == "offline", "silence was never noticed")
    said = seat.until(lambda p: "wrong_serial" in [n["code"] for n in p["notices"]])
    assert said["state"] == "connecting"
    assert seat.config.serial in said["message"] and "reports nothing" in said["message"]
    assert seat.blocked("pause")[0] == "printer_connecting"
    seat.sim.set(mute_all=False)
    assert seat.in_state("printing")["notices"] == []


@pytest.mark.fault("mute_pushes")
def test_a_stream_that_fell_asleep_is_woken_before_anybody_notices(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(mute_pushes=True)
    seat.until(lambda _: seat.sim.handle.requests("start"), "nobody woke it")
    seat.until(lambda _: not seat.sim.handle.knobs()["mute_pushes"])
    seat.in_state("ready")
    seat.stays(lambda p: p["state"] == "ready", 0.5)


@pytest.mark.fault("push_interval_s", "push_now")
def test_a_printer_that_speaks_rarely_is_asked_and_believed(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(push_interval_s=3600.0)
    before = time.time()
    seat.until(lambda _: seat.sim.handle.requests("start"), "nobody asked")
    seat.sim.do("push_now")
    seat.in_state("ready")
    seat.until(lambda _: (farm.fleet.snapshot(seat.id).status.observed_at or 0) > before)
    assert ("offline", "") not in seat.said()
    seat.sim.set(push_interval_s=0.2)
    seat.in_state("ready")


@pytest.mark.fault("go_offline", "go_online")
def test_switched_off_and_on(farm: Any) -> None:
    seat = farm.take()
    seat.sim.do("go_offline")
    panel = seat.until(lambda p: p["state"] == "offline" and "address" in p["message"])
    assert seat.name in panel["message"]
    assert seat.config.host not in panel["message"], "a browser gets no address"
    assert panel["temps"] == {} and not panel["conn"]["online"]
    code, why = seat.blocked("home")
    assert code == "printer_offline" and panel["message"] in why
    assert seat.refusal(c.Home()) == why
    seat.sim.do("go_online")
    seat.in_state("ready")
    assert seat.sim.handle.requests("gcode_line") == [], "a command was kept for later"


@pytest.mark.fault("rotate_certificate")
def test_another_certificate_is_a_question_not_an_outage(farm: Any) -> None:
    seat = farm.take()
    known = farm.simulated.endpoints[seat.id].certificate_sha256
    shown = seat.sim.do("rotate_certificate")
    panel = seat.in_state("identity")
    assert known in panel["message"] and shown in panel["message"]
    assert "Nothing was sent" in panel["message"]
    assert seat.blocked() == ("identity", panel["message"])
    assert seat.order(c.TrustCertificate(sha256=shown)) == "certificate trusted, connecting"
    seat.in_state("ready")


@pytest.mark.fault("power_cycle")
def test_a_power_cycle_is_an_outage_and_no_more(farm: Any) -> None:
    seat = farm.take()
    seat.sim.do("power_cycle")
    seat.until(lambda _: any(s.state.value == "offline" for s in seat.history))
    panel = seat.in_state("ready")
    assert panel["homed"] == ""
    assert seat.blocked("jog")[0] == "not_homed"


@pytest.mark.fault("tls13")
def test_a_printer_that_offers_tls_1_3(farm: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(tls13=True)
    seat.order(c.Reconnect())
    seat.until(lambda _: any(s.state.value == "connecting" for s in seat.history))
    assert seat.in_state("ready")["message"] == ""
    seat.sim.set(tls13=False)


@pytest.mark.fault("ssdp", "wifi_rssi")
def test_a_weak_signal_without_announcements_is_shown_and_blocks_nothing(farm: Any) -> None:
    seat = farm.take()
    seat.sim.set(ssdp=False, wifi_rssi=-90)
    panel = seat.until(lambda p: p["wifi"] == -90, "the signal is not shown")
    assert panel["state"] == "ready" and panel["gates"]["start"]["ok"]
    seat.sim.set(wifi_rssi=-40)
    seat.until(lambda p: p["wifi"] == -40)

"""One printer's connection through good and bad days, over real sockets (bambu-lan A3, B4)."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.config import PrinterConfig
from core.errors import PrinterOffline
from core.secret import Secret
from printers import commands as c
from printers.bambu.identity import Identity
from printers.bambu.link import Link
from printers.bambu.watchdog import Timing
from printers.lan.outage import Outage
from printers.status import PrinterState

PATIENT = Timing(tick=0.05, proof=0.3)


def test_first_a_subscription_then_everything_then_the_versions(
    bambu_rig: Callable[..., Any],
) -> None:
    rig = bambu_rig()
    status = rig.online()
    commands = [body["command"] for request in rig.sim.requests() for body in request.values()]
    assert commands[:2] == ["pushall", "get_version"]
    rig.until(lambda s: s.machine.firmware, "no firmware")
    assert status.state is PrinterState.IDLE
    assert status.link.online
    states = [item.state for item in rig.published]
    assert states[0] is PrinterState.CONNECTING
    assert PrinterState.UNKNOWN not in states


def test_the_client_place_is_freed_by_a_goodbye(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    (client,) = rig.sim.clients()
    assert client.startswith("farm-" + rig.printer.config.serial[-6:])
    began = time.monotonic()
    rig.printer.stop()
    assert time.monotonic() - began < 1.0
    rig.until(lambda _: not rig.sim.clients(), "still connected")
    names = [thread.name for thread in threading.enumerate()]
    assert "printer:cedar:mqtt" not in names


def test_a_wrong_code_is_a_state_with_the_remedy(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(access_code=Secret("00000000"))
    status = rig.in_state(PrinterState.AUTH)
    assert "refuses the access code" in status.message
    assert "screen" in status.message
    assert "00000000" not in str(rig.printer.diagnostics())


def test_a_changed_code_is_noticed_at_the_next_connection(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    rig.sim.set(access_code="87654321")
    rig.sim.drop_tcp()
    rig.in_state(PrinterState.AUTH)
    rig.sim.set(access_code="")
    rig.online()


def test_a_dropped_connection_is_opened_again(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    before = len(rig.published)
    rig.sim.drop_tcp()
    rig.until(lambda _: PrinterState.OFFLINE in [s.state for s in rig.published[before:]])
    rig.online()
    assert rig.printer.diagnostics()["sessions"] >= 1


def test_a_switched_off_printer_is_offline_in_words_and_comes_back(
    bambu_rig: Callable[..., Any],
) -> None:
    rig = bambu_rig()
    rig.online()
    rig.sim.go_offline()
    status = rig.until(lambda s: "refuses the connection" in s.message)
    assert status.state is PrinterState.OFFLINE
    assert not status.link.online
    with pytest.raises(PrinterOffline, match="Nothing was sent"):
        rig.printer.execute(c.SetLight(on=False))
    rig.sim.go_online()
    rig.online()


def test_a_closed_port_says_what_to_check(bambu_rig: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    rig = bambu_rig(mqtt_port=port)
    status = rig.in_state(PrinterState.OFFLINE)
    assert "Check its address" in status.message


def test_full_client_places_are_said(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(knobs={"refuse_connections": True})
    status = rig.until(lambda s: "only a few places for clients" in s.message)
    assert status.state is PrinterState.OFFLINE
    assert [notice.code for notice in status.notices] == ["client_slots_full"]
    rig.sim.set(refuse_connections=False)
    assert rig.online().notices == ()


def test_connected_but_silent_points_at_the_serial_number(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(knobs={"mute_all": True})
    status = rig.until(lambda s: s.notices)
    assert status.state is PrinterState.CONNECTING
    assert status.notices[0].code == "wrong_serial"
    assert rig.printer.config.serial in status.message
    rig.sim.set(mute_all=False)
    assert rig.online().notices == ()


def test_a_muted_stream_is_woken(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    rig.sim.set(mute_pushes=True)
    rig.until(lambda _: rig.sim.requests("start"), "pushing.start was never sent")


def test_a_half_open_connection_is_found_and_replaced(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    attempts = rig.printer.diagnostics()["attempts"]
    rig.sim.half_open()
    rig.until(lambda s: s.state is PrinterState.OFFLINE, "silence was never noticed")
    rig.online()
    assert rig.printer.diagnostics()["attempts"] > attempts


def test_being_thrown_out_again_and_again_is_said(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(knobs={"drop_every_s": 0.3})
    status = rig.until(lambda s: any(note.code == "kicked" for note in s.notices))
    assert "Another copy of this farm" in next(n.text for n in status.notices)
    rig.sim.set(drop_every_s=0.0)
    rig.online()


def test_a_reconnect_forgets_what_the_printer_no_longer_says(
    bambu_rig: Callable[..., Any],
) -> None:
    rig = bambu_rig("X1C")
    rig.until(lambda s: s.state.is_connected and s.ams)
    rig.sim.do("unplug_ams", unit=0)
    rig.printer.execute(c.Reconnect())
    rig.until(lambda s: s.state.is_connected and not s.ams, "the changer stayed")


def test_reconnect_on_request_is_immediate(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    before = rig.sim.clients()
    rig.printer.execute(c.Reconnect())
    rig.until(lambda s: s.state.is_connected and rig.sim.clients() not in ([], before))


def test_the_thread_survives_a_fault_in_telling_of_an_outage(tmp_path: Path) -> None:
    told = threading.Event()

    class Owner:
        downs = 0

        def link_opening(self) -> None: ...
        def link_stopped(self) -> None: ...
        def session_up(self) -> None: ...
        def session_payload(self, payload: bytes) -> None: ...
        def session_tick(self) -> None: ...

        def link_down(self, outage: Outage) -> None:
            self.downs += 1
            if self.downs == 1:
                raise RuntimeError("a bug behind the status")
            told.set()

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serial = "01P00A000000001"
    config = PrinterConfig(
        simulate=True,
        id="cedar",
        name="Cedar",
        type="bambu",
        model="P1S",
        host="127.0.0.1",
        serial=serial,
        mqtt_port=port,
    )
    link = Link(config, Identity("cedar", serial, tmp_path), Timing(retry=(0.02, 0.05)), Owner())
    link.start()
    try:
        assert told.wait(5.0), "the thread died"
    finally:
        link.stop(5.0)


def test_nothing_queued_is_ever_sent_later(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig()
    rig.online()
    rig.sim.go_offline()
    rig.until(lambda s: not s.link.online)
    for _ in range(3):
        with pytest.raises(PrinterOffline):
            rig.printer.execute(c.Home())
    rig.sim.go_online()
    rig.online()
    assert rig.sim.requests("gcode_line") == []


def test_stop_does_not_wait_for_a_printer_that_hangs(bambu_rig: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        rig = bambu_rig(mqtt_port=server.getsockname()[1])
        rig.until(lambda _: rig.printer.diagnostics()["attempts"] == 1)
        time.sleep(0.1)
        began = time.monotonic()
        rig.printer.stop()
        assert time.monotonic() - began < 1.0


def test_stop_in_every_phase_ends_the_thread(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(start=False)
    for delay in (0.0, 0.001, 0.003, 0.006, 0.01, 0.02, 0.05):
        rig.build(rig.printer.config, rig.printer._timing)
        rig.printer.start()
        time.sleep(delay)
        rig.printer.stop()
        assert "printer:cedar:mqtt" not in [thread.name for thread in threading.enumerate()]
    rig.until(lambda _: not rig.sim.clients(), "a session was left behind")


@pytest.mark.parametrize(
    "knobs",
    [
        {"wrong_typed_key": True},
        {"wrong_types": True},
        {"latin1_payload": True},
        {"truncate_json": True},
        {"trailing_nul": True},
        {"null_reports": True},
        {"garbage_bytes": 1_000_000},
    ],
    ids=lambda knobs: next(iter(knobs)),
)
def test_bad_reports_never_change_a_healthy_printer(
    bambu_rig: Callable[..., Any], knobs: dict[str, Any]
) -> None:
    rig = bambu_rig("X1C", knobs={"push_interval_s": 0.05}, timing=PATIENT)
    rig.online()
    rig.sim.set(**knobs)
    seen = rig.printer.diagnostics()["messages"]

    def took_some() -> bool:
        now = rig.printer.diagnostics()["messages"]
        return bool(now["received"] + now["dropped"] > seen["received"] + seen["dropped"] + 4)

    rig.until(lambda _: took_some(), "nothing arrived")
    assert rig.status.state is PrinterState.IDLE
    assert rig.status.heater("bed") is not None
    assert rig.printer.diagnostics()["messages"]["failed"] == 0
    rig.sim.set(**{key: type(value)() for key, value in knobs.items()})
    assert rig.printer.execute(c.SetLight(on=False)) is not None


def test_random_bytes_never_end_the_thread(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig(timing=PATIENT)
    rig.online()
    rng = random.Random(3)
    listener = rig.printer._listener
    shapes = [
        b'{"print": null}',
        b'{"print": [1]}',
        b'{"print": {"command": null, "hms": "x", "ams": 3}}',
        b'{"print": {"command": "push_status", "gcode_state": 7}}',
        b'{"info": {"command": "get_version", "module": {"a": 1}}}',
        b'{"info": {"command": "get_version", "module": [null, 3, {"name": []}]}}',
        b'{"system": null}',
        b'{"print": {"command": {}, "sequence_id": []}}',
    ]
    for _ in range(3000):
        payload = rng.choice(shapes) if rng.random() < 0.5 else rng.randbytes(rng.randrange(200))
        listener.session_payload(payload)
    assert listener.failures == 0
    assert rig.status.state is PrinterState.IDLE
    assert rig.printer.execute(c.SetLight(on=True)) is not None

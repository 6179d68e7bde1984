"""Klipper and the link come and go."""

from __future__ import annotations

from contextlib import suppress

from printers import commands as c
from printers.moonraker.adapter import MoonrakerPrinter
from tests.printers.follow import seen
from tests.printers.moonraker.recording import CUBE, load
from tests.printers.moonraker.server import FakeMoonraker
from tests.printers.moonraker.steps import S, in_state
from tests.waiting import wait_for


def test_a_shutdown_is_a_fault_with_klippers_words(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.become("shutdown", load("shutdown")["status"]["webhooks"]["state_message"])
    status = in_state(rowan, S.FAULT)
    assert "ADC out of range" in status.faults[0].text
    assert status.job is not None
    assert status.job.ended == "failed"
    server.objects["print_stats"] = load("idle")["status"]["print_stats"]
    server.become("disconnected")
    in_state(rowan, S.OFFLINE)
    server.become("startup")
    in_state(rowan, S.CONNECTING)
    server.become("ready")
    in_state(rowan, S.IDLE)
    assert len(server.asked("printer.objects.subscribe")) == 2


def test_an_error_at_start_is_found_without_a_notification(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.become("disconnected")
    in_state(rowan, S.OFFLINE)
    server.become("error", "Option 'pin' in section 'fan' must be specified")
    status = in_state(rowan, S.FAULT)
    assert "Option 'pin'" in status.faults[0].text


def test_a_restart_we_asked_for_is_no_outage(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    rowan.execute(c.FirmwareRestart())
    server.become("disconnected")
    assert "restarting" in in_state(rowan, S.CONNECTING).message
    assert "not connected" in in_state(rowan, S.OFFLINE).message  # it did not come back in time


def test_a_klipper_that_answers_nothing_is_not_live(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.unanswered.add("printer.objects.query")
    status = in_state(rowan, S.OFFLINE)
    assert "Klipper has not answered" in status.message
    server.unanswered.clear()
    server.change("extruder", temperature=33.0)
    in_state(rowan, S.IDLE)


def test_a_half_open_link_is_noticed(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.peers[-1].silent = True
    in_state(rowan, S.OFFLINE)
    in_state(rowan, S.IDLE)
    assert len(server.peers) == 2


def test_a_stuck_server_is_noticed_though_it_chatters(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.unanswered.add("server.info")

    def offline_amid_chatter() -> bool:
        with suppress(OSError):  # the farm has just hung up
            server.notify("notify_proc_stat_update", {})
        return rowan.status.state is S.OFFLINE

    wait_for(offline_amid_chatter)
    server.unanswered.clear()
    in_state(rowan, S.IDLE)


def test_a_cut_link_comes_back_by_itself(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.peers[-1].cut()
    seen(rowan, lambda s: not s.link.online)
    seen(rowan, lambda s: s.state is S.PRINTING and s.link.online)


def test_reconnect_opens_a_new_session(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    rowan.execute(c.Reconnect())
    wait_for(lambda: len(server.peers) == 2)
    in_state(rowan, S.IDLE)

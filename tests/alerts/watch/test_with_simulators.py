"""Whole prints of simulated printers over their real protocols: exactly these events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.model import Kind
from core.alert_config import AlertsConfig
from printers.commands import Resume, Stop
from tests.alerts.watch.server import Server
from tests.contract import sim_rigs
from tests.contract.rig import Rig
from tests.waiting import wait_for

CONFIG = AlertsConfig(progress_step=50, photo_interval_s=0.0, due_min=0.0, disk_mb=1)
MAKES: tuple[type[Rig], ...] = (
    sim_rigs.SimBambu,
    sim_rigs.SimOctoPrint,
    sim_rigs.SimMoonraker,
    sim_rigs.SimPrusaLinkFirmware,
)


def opened(rig: Rig, folder: Path) -> Iterator[tuple[Rig, Server]]:
    rig.start()
    server = Server(rig.config(), folder, CONFIG)
    try:
        wait_for(lambda: server.status().state.is_at_rest, "the first report")
        yield rig, server
    finally:
        server.stop()
        rig.close()


@pytest.fixture
def bambu(tmp_path: Path) -> Iterator[tuple[Rig, Server]]:
    yield from opened(sim_rigs.SimBambu(), tmp_path)


@pytest.fixture(params=MAKES, ids=lambda make: make.id)
def any_make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Rig, Server]]:
    yield from opened(request.param(), tmp_path)


def test_a_whole_print_of_ours_with_a_runout_and_a_killed_watch(
    bambu: tuple[sim_rigs.SimBambu, Server],
) -> None:
    """The memory is set back to what it was at the start, as after a kill long before a write:
    what is told again has the same identity."""
    rig, server = bambu
    desk, printer = server.desk, rig._sim.handle
    printed = rig.print_file(6.0)
    file_id = server.add(printed.content, printed.name)
    server.jobs.mark_clear("alder")
    server.jobs.start_file("alder", file_id, confirm=("all",))
    wait_for(lambda: desk.has("started"), "the start")
    wait_for(lambda: b"j-1-1" in server.memory.read_bytes(), "the memory")
    at_start = server.memory.read_bytes()
    wait_for(lambda: desk.has("progress 50"), "the first half")
    printer.do("runout")
    wait_for(lambda: desk.has("filament_out"), "the empty spool")
    wait_for(lambda: desk.has("fault"), "its message")

    server.watch.stop()
    server.memory.write_bytes(at_start)
    server.watch = server.new_watch()
    wait_for(lambda: len(desk.again) >= 3, "the second telling")

    server.fleet.execute("alder", Resume())
    wait_for(lambda: desk.has("bed_waiting"), "the end")
    told = [kind for kind in desk.kinds() if kind != "/fault"]  # after 10 s without it
    assert told == [
        "started", "progress 50", "filament_out", "fault", "/filament_out", "resumed",
        "finished", "bed_waiting",
    ]  # fmt: skip
    runs = {event.run for event in desk.events if event.kind is not Kind.STATE_CHANGED}
    assert runs == {"j-1-1"}


def test_prints_of_others_one_to_its_end_and_one_stopped(any_make: tuple[Rig, Server]) -> None:
    rig, server = any_make
    desk = server.desk
    printed = rig.print_file(4.0)
    rig.start_foreign(printed)
    wait_for(lambda: desk.has("bed_waiting"), "the end")
    rig.calm()
    printed = rig.print_file(60.0, "Vase")
    rig.start_foreign(printed)
    wait_for(lambda: desk.kinds().count("started") == 2, "the second start")
    wait_for(lambda: server.status().state.value == "printing", "the print")
    server.fleet.execute("alder", Stop())
    wait_for(lambda: desk.kinds().count("bed_waiting") == 2, "the second end")
    assert desk.kinds() == [
        "started", "progress 50", "finished", "bed_waiting",
        "started", "/bed_waiting", "cancelled", "bed_waiting",
    ]  # fmt: skip

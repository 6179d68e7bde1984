"""The only door to a printer: a bad entry is one printer's trouble, a command passes the gate."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import NotFound, PrinterOffline
from core.events import Bus
from printers import safety
from printers.commands import Command, Home, Pause, Stop
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import PrinterState


def build(tmp_path: Path, *configs: PrinterConfig) -> Fleet:
    return Fleet(configs, Registry(Bus()), SystemClock(), tmp_path)


def entry(printer_id: str, kind: str = "bambu", problems: tuple[str, ...] = ()) -> PrinterConfig:
    return PrinterConfig(
        id=printer_id, name=printer_id.title(), type=kind, model="P1S", host="127.0.0.1",
        serial="01P00A000000001", mqtt_port=9, problems=problems,
    )  # fmt: skip


def test_a_make_without_adapter_is_one_misconfigured_printer(tmp_path: Path) -> None:
    fleet = build(tmp_path, entry("alder"), entry("maple", "duet"))
    states = {s.status.printer_id: s.status for s in fleet.snapshots()}
    assert states["maple"].state is PrinterState.MISCONFIGURED
    message = states["maple"].message
    assert "does not speak to 'duet' printers yet, only to: bambu, feed" in message
    assert states["alder"].state is PrinterState.CONNECTING


def test_a_bad_entry_says_everything_that_is_wrong(tmp_path: Path) -> None:
    fleet = build(tmp_path, entry("birch", problems=("one is missing.", "two is odd.")))
    assert fleet.snapshot("birch").status.message == "one is missing. two is odd."
    with pytest.raises(NotFound) as refusal:
        fleet.execute("birch", Home())
    assert refusal.value.error_code == "printer_misconfigured"


def test_an_unknown_printer_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no printer with the id 'oak'"):
        build(tmp_path).snapshot("oak")


def test_many_printers_each_answer_for_themselves(tmp_path: Path) -> None:
    fleet = build(tmp_path, entry("alder"), entry("maple", "duet"))
    results = fleet.execute_many(["alder", "maple", "oak", "alder"], Home())
    assert [(r.printer_id, r.ok, r.code) for r in results] == [
        ("alder", False, "printer_connecting"),
        ("maple", False, "printer_misconfigured"),
        ("oak", False, "printer_not_found"),
    ]
    assert all(r.why for r in results)


def test_every_gate_of_a_misconfigured_printer_but_maintenance_is_closed(tmp_path: Path) -> None:
    fleet = build(tmp_path, entry("maple", "duet"))
    gates = safety.gates(fleet.snapshot("maple"), SystemClock().monotonic())
    assert {name for name, gate in gates.items() if gate.ok} == {"maintenance"}


@pytest.mark.parametrize("command", [Stop(), Pause()])
def test_what_ends_harm_does_not_wait_behind_another_command(
    tmp_path: Path, command: Command
) -> None:
    fleet = build(tmp_path, entry("alder"))
    refused = threading.Event()

    def stop() -> None:
        with pytest.raises(PrinterOffline):
            fleet.execute("alder", command)
        refused.set()

    with fleet.exclusive("alder"):
        thread = threading.Thread(target=stop)
        thread.start()
        assert refused.wait(5)
        thread.join(5)

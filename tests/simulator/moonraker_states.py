"""How a simulated Moonraker is brought into each recorded state."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulator.moonraker_client import (
    Bench,
    as_recorded,
)
from tests.waiting import wait_for

SETUP: dict[str, Callable[[Bench], None]] = {}


def state(name: str) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Registers how a printer is brought into a recorded state."""

    def register(setup: Callable[[Bench], None]) -> Callable[[Bench], None]:
        SETUP[name] = setup
        return setup

    return register


def ready(made: Bench) -> None:
    made.client.online()
    made.client.rpc("printer.gcode.script", script="M117 hey")


def printing(made: Bench, path: str = "farm") -> None:
    """slow.gcode is being printed, small.gcode lies beside it."""
    if path:
        ready(made)
    else:
        made.client.online()
    assert made.client.upload("small.gcode", as_recorded()).status_code == 201
    content = as_recorded(minutes=240, layers=20)
    assert made.client.upload("slow.gcode", content, path=path).status_code == 201
    made.client.rpc("printer.print.start", filename=f"{path}/slow.gcode".lstrip("/"))
    wait_for(lambda: made.client.status("print_stats")["print_stats"]["filament_used"] > 0)
    wait_for(lambda: made.client.get("/server/history/list", limit=1)["count"] == 1)


@state("idle")
def _idle(made: Bench) -> None:
    made.client.open(header=[f"X-Api-Key: {made.client.key}"])
    made.client.rpc("printer.gcode.script", script="M105")
    wait_for(lambda: made.client.get("/server/temperature_store") != {})


@state("console")
def _console(made: Bench) -> None:
    made.client.online()
    made.client.rpc("printer.gcode.script", script="G28")
    made.printer.peek(lambda machine: setattr(machine.heat.nozzles[0], "actual", 200.0))


@state("files")
def _files(made: Bench) -> None:
    made.client.online()


@state("heating")
def _heating(made: Bench) -> None:
    ready(made)
    made.client.upload("slow.gcode", as_recorded(240, 20), path="farm")
    made.printer.peek(lambda machine: setattr(machine.heat.bed, "rate", 0.0))
    made.client.rpc("printer.print.start", filename="farm/slow.gcode")
    wait_for(lambda: made.client.get("/server/history/list", limit=1)["count"] == 1)


state("printing")(printing)


@state("paused")
def _paused(made: Bench) -> None:
    printing(made)
    made.client.rpc("printer.print.pause")


@state("runout")
def _runout(made: Bench) -> None:
    printing(made)
    made.printer.do("runout")
    wait_for(lambda: made.client.job() == "paused")


@state("cancelled")
def _cancelled(made: Bench) -> None:
    printing(made)
    made.client.rpc("printer.print.cancel")
    wait_for(lambda: made.client.get("/server/history/list")["jobs"][0]["end_time"])


def _ended_jobs(made: Bench) -> int:
    jobs = made.client.get("/server/history/list")["jobs"]
    return sum(job["end_time"] is not None for job in jobs)


@state("complete")
def _complete(made: Bench) -> None:
    printing(made)
    made.client.rpc("printer.print.cancel")
    wait_for(lambda: made.client.get("/server/history/list")["jobs"][0]["end_time"])
    made.client.upload("small.gcode", as_recorded(0))
    for number in (2, 3):
        made.client.rpc("printer.print.start", filename="small.gcode")
        wait_for(lambda number=number: _ended_jobs(made) == number)


@state("standby")
def _standby(made: Bench) -> None:
    _complete(made)
    made.client.rpc("printer.gcode.script", script="SDCARD_RESET_FILE")


@state("error")
def _error(made: Bench) -> None:
    ready(made)
    bad = b"G28\nG90\nG1 X10 F6000\nG1 X9999\nG1 X5\n"
    made.client.upload("bad.gcode", bad)
    made.client.rpc("printer.print.start", filename="bad.gcode")
    wait_for(lambda: made.client.get("/server/history/list")["count"] == 1)
    wait_for(lambda: made.client.get("/server/history/list")["jobs"][0]["end_time"])


@state("shutdown")
def _shutdown(made: Bench) -> None:
    printing(made, "")


@state("klippy_error")
def _klippy_error(made: Bench) -> None:
    made.client.online()
    made.client.rpc("printer.emergency_stop")
    made.client.rpc("printer.restart")
    wait_for(lambda: made.client.get("/server/info")["klippy_state"] == "error")


@state("mcu_shutdown")
def _mcu_shutdown(made: Bench) -> None:
    printing(made, "")
    made.printer.do("klippy_shutdown")
    wait_for(lambda: made.client.get("/server/info")["klippy_state"] == "shutdown")


@state("klippy_gone")
def _klippy_gone(made: Bench) -> None:
    printing(made, "")
    made.client.call("DELETE", "/server/files/gcodes/small.gcode")
    made.client.upload("s2.gcode", as_recorded())
    made.printer.do("klippy_disconnect")


@state("never_connected")
def _never(made: Bench) -> None:
    made.printer.do("klippy_disconnect")
    made.printer.do("restart_server")
    made.client.http.close()
    made.client.online()


@state("auth")
def _auth(made: Bench) -> None:
    made.client.upload("x.gcode", b"G28\n")


def _disk_full(made: Bench) -> None:
    made.printer.set(disk_full=True)


def _await_the_end_of_the_line(made: Bench) -> None:
    wait_for(lambda: made.client.job() == "paused")


def _stop(made: Bench) -> None:
    made.client.rpc("printer.emergency_stop")
    made.client.notified("notify_klippy_shutdown")


def _home(made: Bench) -> None:
    made.client.rpc("printer.gcode.script", script="G28")


BEFORE: dict[tuple[str, str], Callable[[Bench], None]] = {
    ("idle", "homed"): _home,
    ("never_connected", "disk full"): _disk_full,
    ("shutdown", "right after estop"): _stop,
    ("shutdown", "shutdown"): _await_the_end_of_the_line,
}

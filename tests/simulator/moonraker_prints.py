"""Prints on a simulated Moonraker."""

from __future__ import annotations

from tests.simulator.moonraker_client import Bench, Client, plain
from tests.waiting import wait_for

RUNNING = {"print_stats": ["state", "filename"], "pause_resume": None, "webhooks": ["state"]}


def start(moonraker: Bench, seconds: int = 14_400, name: str = "part.gcode", **options) -> Client:
    """A print of so many simulated seconds runs; the client is online."""
    client = moonraker.client
    if client.socket is None:
        client.online(**RUNNING)
    assert client.upload(name, plain(seconds, **options)).status_code == 201
    assert client.rpc("printer.print.start", filename=name)["result"] == "ok"
    return client


def extruding(moonraker: Bench) -> None:
    wait_for(lambda: moonraker.client.status("print_stats")["print_stats"]["filament_used"] > 0)


def settled(moonraker: Bench, status: str) -> dict:
    """The newest job of the history, once it has this status."""
    jobs: list[dict] = []

    def look() -> bool:
        jobs[:] = moonraker.client.get("/server/history/list", limit=1)["jobs"]
        return bool(jobs) and jobs[0]["status"] == status

    wait_for(look)
    return jobs[0]

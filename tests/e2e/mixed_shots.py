"""The pictures of docs/mixed-farm.md: ``python -m tests.e2e.mixed_shots [FOLDER]``.

One farm with two real OctoPrints, a real Moonraker with a real Klippy, a real PrusaLink and four
simulated Bambus. Every print is started in the panel, as a person would.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from simulator.plain_gcode import build_gcode
from tests.contract.print_files import moves
from tests.e2e.pretend_camera import PretendCamera
from tests.e2e.shots import FOLDER, pictures_loaded, save, window
from tests.e2e.stage import DESK, PHONE, FarmProcess, card, chromium, drop, entry
from tests.real.moonraker import Moonraker
from tests.real.octoprint import OctoPrint
from tests.real.places import home
from tests.real.prusalink import PrusaLink
from tests.real.server import RealServer

BAMBUS = (
    ("maple", "X1C", "idle"), ("oak", "P1S", "printing"), ("rowan", "A1 mini", "finished"),
    ("yew", "H2D", "printing"),
)  # fmt: skip
MODELS = {"ash": "Ender 3", "beech": "Ender 3", "cypress": "Voron 0.2", "pine": "MK3S"}
KINDS = {"ash": "octoprint", "beech": "octoprint", "cypress": "moonraker", "pine": "prusalink"}
PRINTS = {
    "ash": "planetary_gear", "beech": "herb_planter", "cypress": "cable_clips_x6",
    "pine": "phone_stand",
}  # fmt: skip
LINES = 60.0  # seconds: so that charts have lines


def print_file(printer_id: str) -> bytes:
    """Some eight minutes of work. OctoPrint's virtual printer is ten times as fast as its G-code
    says, and takes no time at all for moves to the left."""
    if KINDS[printer_id] == "octoprint":
        seconds = 420 if printer_id == "ash" else 500
        return b"M140 S60\n" + moves(seconds, pace=0.1, one_way=True, heat=215)
    return build_gcode(PRINTS[printer_id], MODELS[printer_id], 8, 60)


class MixedFarm:
    """The real servers, their cameras, and the farm in front of them."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._latest: dict[str, dict[str, Any]] = {}
        self.farm = FarmProcess(scratch, [])

    @contextmanager
    def running(self) -> Iterator[FarmProcess]:
        """Starts what is needed, ends it all."""
        with ExitStack() as stack:
            servers = {name: stack.enter_context(self._server(name, stack)) for name in KINDS}
            entries = [self._entry(name, server) for name, server in servers.items()]
            entries += [entry(name, model, scenario) for name, model, scenario in BAMBUS]
            self.farm = FarmProcess(self._scratch, entries, time_scale=6)
            stack.callback(self.farm.stop)
            self.farm.start()
            stack.callback(self._watching())
            yield self.farm

    def _server(self, name: str, stack: ExitStack) -> RealServer:
        kind = KINDS[name]
        if kind == "prusalink":
            return PrusaLink()
        camera = PretendCamera(kind, MODELS[name], lambda: self._latest.get(name))
        stack.callback(camera.close)
        make = OctoPrint if kind == "octoprint" else Moonraker
        return make(camera=camera.url)

    def _entry(self, name: str, server: RealServer) -> dict[str, Any]:
        return {
            "id": name, "name": name.capitalize(), "type": KINDS[name], "model": MODELS[name],
            "url": server.url, "api_key": server.api_key, "nozzle_mm": 0.4,
        }  # fmt: skip

    def _watching(self) -> Any:
        """What the cameras draw comes from the farm, once a second."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(1.0):
                _, answer = self.farm.api("GET", "/api/status")
                self._latest = {one["id"]: one for one in answer["printers"]}

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()

        def end() -> None:
            ended.set()
            thread.join(5)

        return end


def start_print(page: Page, farm: FarmProcess, printer_id: str) -> None:
    """Drop a file on the printer's card, tick what is asked, start."""
    if farm.wait_for(printer_id, "ready", "needs_clear")["state"] == "needs_clear":
        page.locator(card(printer_id)).get_by_role("button", name="Mark clear").click()
    farm.wait_for(printer_id, "ready")
    drop(page, card(printer_id), f"{PRINTS[printer_id]}.gcode", print_file(printer_id))
    dialog = page.get_by_role("dialog", name="Start a print")
    start = dialog.get_by_role("button", name=f"Start on {printer_id.capitalize()}")
    expect(start).to_be_visible()
    for tick in dialog.get_by_role("checkbox").locator("visible=true").all():
        tick.check()
    start.click()
    expect(dialog).to_have_count(0)


def printing(farm: FarmProcess, printer_id: str, percent: int) -> None:
    """Wait until the print is so far."""
    pause = threading.Event()
    for _ in range(1800):
        seen = farm.printer(printer_id)
        if seen["state"] == "printing" and (seen["job"]["pct"] or 0) >= percent:
            return
        pause.wait(0.1)
    raise AssertionError(seen)


def one(browser: Browser, farm: FarmProcess, folder: Path, printer_id: str, end: str) -> None:
    """The page of one printer."""
    theme, size = end.split("-")[1], DESK if end.startswith("desk") else PHONE
    with window(browser, f"{farm.url}/#/p/{printer_id}", theme, size) as page:
        pictures_loaded(page)
        what = KINDS.get(printer_id, "bambu")
        save(page, folder, f"mixed-{what}-{end}")


def take(browser: Browser, farm: FarmProcess, folder: Path) -> None:
    with window(browser, farm.url, "light", DESK) as page:
        for printer_id in ("cypress", "pine", "ash", "beech"):
            start_print(page, farm, printer_id)
        for printer_id in KINDS:
            printing(farm, printer_id, 12)
        page.wait_for_timeout(LINES * 1000)
    with window(browser, farm.url, "light", DESK) as page:
        pictures_loaded(page)
        save(page, folder, "mixed-farm-desk-light")
    with window(browser, farm.url, "dark", PHONE) as page:
        pictures_loaded(page)
        save(page, folder, "mixed-farm-phone-dark")
    for printer_id, end in (
        ("ash", "desk-light"), ("cypress", "desk-dark"), ("pine", "desk-light"),
        ("oak", "desk-light"),
    ):  # fmt: skip
        one(browser, farm, folder, printer_id, end)
    trouble(browser, farm, folder)


def trouble(browser: Browser, farm: FarmProcess, folder: Path) -> None:
    """OctoPrint without its printer, and Klipper after an emergency stop."""
    with window(browser, f"{farm.url}/#/p/beech", "light", DESK) as page:
        page.get_by_role("button", name="Stop…").first.click()
        page.get_by_role("button", name="Stop print").click()
        expect(page.locator("header pf-state")).to_contain_text("Clear the bed", timeout=60_000)
        page.get_by_role("button", name="More actions").click()
        page.locator("#more").get_by_role("button", name="Disconnect the printer").click()
        expect(page.locator("header pf-state")).to_contain_text("Not connected", timeout=30_000)
        page.wait_for_timeout(1500)
        save(page, folder, "mixed-octoprint-closed-desk-light")
    with window(browser, f"{farm.url}/#/p/cypress", "light", DESK) as page:
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("button", name="Emergency stop (hold)").hover()
        page.mouse.down()
        expect(page.locator("header pf-state")).to_contain_text(re.compile("Fault"))
        page.mouse.up()
        page.wait_for_timeout(10_000)  # until the toast has gone
        save(page, folder, "mixed-klipper-fault-desk-light")


def main(argv: list[str]) -> None:
    folder = Path(argv[0]) if argv else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    # else Klippy, whose folder lies below the repository, takes our version for its own
    os.environ["GIT_CEILING_DIRECTORIES"] = str(home())
    with (
        tempfile.TemporaryDirectory() as scratch,
        chromium() as browser,
        MixedFarm(Path(scratch)).running() as farm,
    ):
        take(browser, farm, folder)


if __name__ == "__main__":
    main(sys.argv[1:])

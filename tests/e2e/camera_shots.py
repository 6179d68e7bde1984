"""The pictures of the wall and of timelapses: ``python -m tests.e2e.camera_shots [FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.shots import FOLDER, save, window
from tests.e2e.stage import DESK, PHONE, FarmProcess, chromium, entry

MODELS = {
    "alder": ("X1C", "busy_farm"), "birch": ("P1S", "printing"), "cedar": ("A1", "printing"),
    "elm": ("P1P", "idle"), "fir": ("A1 mini", "printing"), "hazel": ("H2D", "busy_farm"),
    "juniper": ("P2S", "printing"), "larch": ("P1S", "idle"),
}  # fmt: skip
PLACES = (("desk-light", DESK, "light"), ("desk-dark", DESK, "dark"), ("phone-dark", PHONE, "dark"))


def wait_for_videos(farm: FarmProcess, count: int) -> None:
    """Until so many timelapses are ready. Raises AssertionError after four minutes."""
    pause = threading.Event()
    for _ in range(240):
        _, answer = farm.api("GET", "/api/timelapses")
        if sum(one["state"] == "ready" for one in answer["timelapses"]) >= count:
            return
        pause.wait(1.0)
    raise AssertionError("the videos did not come")


def take(browser: Browser, farm: FarmProcess, folder: Path) -> None:
    for end, size, theme in PLACES:
        with window(browser, farm.url, theme, size) as page:
            page.evaluate("localStorage.setItem('farm', JSON.stringify({ mode: 'wall' }))")
            page.reload()
            shown = page.locator("pf-printer-card img[data-from=camera]:visible")
            expect(shown.nth(0 if size is PHONE else 3)).to_be_visible(timeout=60_000)
            expect(page.locator(".age.live").first).to_be_visible(timeout=60_000)
            page.wait_for_timeout(6000)
            save(page, folder, f"wall-{end}")
            page.goto(f"{farm.url}/#/timelapses")
            expect(page.locator(".tl-play:visible").first).to_be_visible()
            page.wait_for_timeout(1500)
            save(page, folder, f"timelapses-{end}")


def main(folder: Path) -> None:
    printers = [entry(name, model, scenario) for name, (model, scenario) in MODELS.items()]
    settings = {"timelapse": {"enabled": True, "mode": "interval", "every_s": 1}}
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        farm = FarmProcess(Path(place), printers, time_scale=90.0, settings=settings)
        farm.start()
        try:
            wait_for_videos(farm, 3)
            take(browser, farm, folder)
        finally:
            farm.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

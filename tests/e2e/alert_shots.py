"""The pictures of alerts and of the defect watch: ``python -m tests.e2e.alert_shots [FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.alerts.servers.telegram import TOKEN, TelegramServer
from tests.alerts.servers.vision import KEY, VisionServer, says
from tests.e2e.shots import FOLDER, save, window
from tests.e2e.stage import DESK, PHONE, FarmProcess, card, chromium, entry

CHAT = -1001234567890
PRINTERS = {
    "alder": ("P1S", "printing"), "birch": ("A1", "paused_filament"), "cedar": ("X1C", "printing"),
    "elm": ("P1P", "fault_hms"), "fir": ("A1 mini", "printing"), "hazel": ("H2D", "printing"),
    "juniper": ("P1S", "printing"), "larch": ("P1S", "idle"),
}  # fmt: skip
WATCHED = ["alder", "cedar", "fir", "hazel"]
KINDS = {"defect", "filament_out", "fault", "watch_blind", "bed_waiting"}
PLACES = [
    (f"{name}-{theme}", size, theme)
    for name, size in (("desk", DESK), ("phone", PHONE))
    for theme in ("light", "dark")
]
DEFECTS = ("desk-light", "phone-dark")


def settings(telegram: TelegramServer, vision: VisionServer) -> dict[str, Any]:
    channel = {
        "name": "workshop", "type": "telegram", "token": TOKEN, "chat_id": str(CHAT),
        "api": telegram.url,
    }  # fmt: skip
    rules = [{"name": "all", "channels": ["workshop"], "events": ["now", "soon"], "group_s": 0}]
    ai = {
        "provider": "openai", "base_url": vision.url, "api_key": KEY, "interval_s": 20,
        "first_layers": 0, "recheck_s": 5, "pause": True, "printers": WATCHED,
    }  # fmt: skip
    return {"alerts": {"channels": [channel], "rules": rules}, "ai": ai}


def wait_for_alerts(farm: FarmProcess, telegram: TelegramServer) -> None:
    """Until all kinds are open, with their pictures, and told. AssertionError after 4 minutes."""
    pause = threading.Event()
    for _ in range(240):
        found = farm.api("GET", "/api/alerts")[1]["alerts"]
        if {one["kind"] for one in found} >= KINDS and len(telegram.of("sendPhoto")) >= 3:
            return
        pause.wait(1.0)
    raise AssertionError(f"the alerts did not come: {sorted({one['kind'] for one in found})}")


def make_trouble(farm: FarmProcess, telegram: TelegramServer, vision: VisionServer) -> None:
    """One suspect print that is paused, and one that cannot be seen."""
    farm.knobs("fir", camera_off=True, camera_stall=True)
    for name in WATCHED:
        farm.wait_for(name, "printing")
    for name in ("cedar", "hazel"):
        assert farm.api("POST", f"/api/printers/{name}/defect-watch", {"on": False})[0] < 300
    vision.constant = says(True, 0.86)
    farm.wait_for("alder", "paused", seconds=120)
    vision.constant = says(False, 0.06)
    for name in ("cedar", "hazel"):
        assert farm.api("POST", f"/api/printers/{name}/defect-watch", {"on": True})[0] < 300
    wait_for_alerts(farm, telegram)


def take(browser: Browser, farm: FarmProcess, folder: Path) -> None:
    for end, size, theme in PLACES:
        with window(browser, f"{farm.url}/#/alerts", theme, size) as page:
            expect(page.locator(".al-pic:visible").first).to_be_visible()
            expect(page.get_by_text("workshop").first).to_be_visible()
            page.wait_for_timeout(2000)
            save(page, folder, f"alerts-{end}")
        if end not in DEFECTS:
            continue
        with window(browser, farm.url, theme, size) as page:
            expect(page.locator(f"{card('alder')} .wmark")).to_be_visible()
            page.wait_for_timeout(5000)
            save(page, folder, f"defect-farm-{end}")
        with window(browser, f"{farm.url}/#/p/alder", theme, size) as page:
            expect(page.locator(".dw-pic img")).to_be_visible()
            page.wait_for_timeout(3000)
            save(page, folder, f"defect-printer-{end}")
    settings_shots(browser, farm, folder)


def settings_shots(browser: Browser, farm: FarmProcess, folder: Path) -> None:
    with window(browser, f"{farm.url}/#/settings", "light", DESK) as page:
        shown(page)
        save(page, folder, "defect-settings-desk-light")
    with window(browser, f"{farm.url}/#/p/alder", "light", DESK) as page:
        page.get_by_role("button", name="Resume").locator("visible=true").click()
        expect(page.get_by_role("dialog").locator("figure")).to_have_count(2)
        page.wait_for_timeout(2000)
        save(page, folder, "defect-resume-desk-light")


def shown(page: Page) -> None:
    watch = page.get_by_role("region", name="Defect watch")
    expect(watch.locator("li").first).to_be_visible()
    page.evaluate("document.querySelector('#ds-h').scrollIntoView({ block: 'start' })")
    page.wait_for_timeout(1000)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    printers = [entry(name, model, scenario) for name, (model, scenario) in PRINTERS.items()]
    telegram = TelegramServer()
    telegram.chat(CHAT)
    with tempfile.TemporaryDirectory() as place, VisionServer() as vision, chromium() as browser:
        assert isinstance(vision, VisionServer)
        farm = FarmProcess(
            Path(place), printers, time_scale=1.5, settings=settings(telegram, vision),
            entry=("-m", "tests.e2e.quick_watch"),
        )  # fmt: skip
        farm.start()
        try:
            make_trouble(farm, telegram, vision)
            take(browser, farm, folder)
        finally:
            farm.stop()
            telegram.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

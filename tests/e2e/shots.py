"""The README's pictures, from a live demo farm: ``python -m tests.e2e.shots [FOLDER]``."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect

from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import DESK, PHONE, ROOT, FarmProcess, card, chromium, drop, settle

FOLDER = ROOT / "docs" / "shots"
MOST_BYTES = 300_000
WARM_UP_MS = 60_000  # so that charts have lines and prints have parts
TIME_SCALE = 20.0


def save(page: Page, folder: Path, name: str) -> None:
    """The window as a PNG; with fewer colours only when it would be too large."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for bits in (8, 6, 5):
        out = io.BytesIO()
        ImageOps.posterize(image, bits).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    path = folder / f"{name}.png"
    path.write_bytes(out.getvalue())
    print(f"{path}  {out.tell() // 1000} kB")  # noqa: T201


@contextmanager
def window(browser: Browser, url: str, theme: str, size: dict[str, int]) -> Iterator[Page]:
    """A page in one theme and size, in English with 24-hour times."""
    phone: dict[str, Any] = {"has_touch": True, "is_mobile": True} if size is PHONE else {}
    context = browser.new_context(
        viewport=size, color_scheme=theme, locale="en-GB", timezone_id="UTC", **phone
    )
    page = context.new_page()
    page.goto(url)
    settle(page)
    yield page
    context.close()


def pictures_loaded(page: Page) -> None:
    """Give every camera on the screen its first frame."""
    page.wait_for_timeout(4000)


def upload(page: Page, farm: FarmProcess, printer_id: str, model: str) -> None:
    """The dialog with a file of two plates, just before Start."""
    trays = farm.printer(printer_id)["ams"][0]["trays"]
    used = [(t["type"], t["color"], 21.4) for t in trays if t["type"] == "PLA"][:2]
    plates = [PlateSpec(minutes=84, name="planter"), PlateSpec(minutes=47, name="gear")]
    content = build_gcode_3mf(plates, model=model, filaments=used, name="planter")
    drop(page, card(printer_id), "planter_set.gcode.3mf", content)
    expect(page.get_by_role("button", name="Start on")).to_be_enabled()
    page.wait_for_timeout(500)


def fill_queue(farm: FarmProcess) -> None:
    """Jobs that wait for different things."""
    p1s = [PlateSpec(minutes=40, name="bracket")]
    mini = [PlateSpec(minutes=95, name="planter")]
    jobs: list[tuple[str, bytes, dict[str, Any]]] = [
        (
            "bracket_v4",
            build_gcode_3mf(p1s, model="P1S"),
            {"target": {"model": "P1S"}, "copies": 8},
        ),
        ("sensor_housing", build_gcode_3mf(p1s, model="X1C"), {"target": {"printer_id": "alder"}}),
        ("ribbed_planter_S", build_gcode_3mf(mini, model="A1 mini"), {"target": {"any": True}}),
        ("hinge_set", build_gcode("hinge", "Voron 2.4"), {"target": {"printer_id": "oak"}}),
    ]
    for name, content, wish in jobs:
        end = ".gcode.3mf" if content[:2] == b"PK" else ".gcode"
        body = {"file_id": farm.upload(name + end, content)["id"], "plate": 1, **wish}
        status, answer = farm.api("POST", "/api/jobs", body)
        assert status == 201, answer


def take(browser: Browser, farm: FarmProcess, folder: Path) -> None:
    for theme in ("light", "dark"):
        for size_name, size in (("desk", DESK), ("phone", PHONE)):
            end = f"{size_name}-{theme}"
            with window(browser, farm.url, theme, size) as page:
                pictures_loaded(page)
                save(page, folder, f"farm-{end}")
                upload(page, farm, "larch", "X1C")
                save(page, folder, f"upload-{end}")
            with window(browser, f"{farm.url}/#/p/cedar", theme, size) as page:
                pictures_loaded(page)
                save(page, folder, f"printer-{end}")
            with window(browser, f"{farm.url}/#/queue", theme, size) as page:
                page.wait_for_timeout(2000)
                save(page, folder, f"queue-{end}")
            with window(browser, f"{farm.url}/#/p/cedar", theme, size) as page:
                page.get_by_role("button", name="Stop…").locator("visible=true").click()
                expect(page.get_by_role("dialog")).to_be_visible()
                page.wait_for_timeout(300)
                save(page, folder, f"stop-{end}")
    with window(browser, f"{farm.url}/#/p/spruce", "light", DESK) as page:
        pictures_loaded(page)
        save(page, folder, "idle-desk-light")
    with window(browser, f"{farm.url}/#/p/elm", "light", DESK) as page:
        pictures_loaded(page)
        save(page, folder, "fault-desk-light")


def main(argv: list[str]) -> None:
    folder = Path(argv[0]) if argv else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    example = json.loads((ROOT / "config.example.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        farm = FarmProcess(Path(scratch), example["printers"], time_scale=TIME_SCALE)
        farm.start()
        try:
            farm.wait_for("cedar", "ready")
            with window(browser, farm.url, "light", DESK) as page:
                upload(page, farm, "cedar", "P1S")
                page.get_by_role("button", name="Start on Cedar").click()
                page.wait_for_timeout(WARM_UP_MS)
            fill_queue(farm)
            take(browser, farm, folder)
        finally:
            farm.stop()


if __name__ == "__main__":
    main(sys.argv[1:])

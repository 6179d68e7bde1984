"""The pictures of files, slicing and settings: ``python -m tests.e2e.files_shots [FOLDER]``.

Slices with the real PrusaSlicer; taken from a live farm as everything else.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.shots import FOLDER, save, window
from tests.e2e.stage import DESK, PHONE, FarmProcess, chromium, entry
from tests.slicer.mesh import shapes

PLACES = (("desk-light", DESK, "light"), ("desk-dark", DESK, "dark"), ("phone-dark", PHONE, "dark"))


def vase(around: int = 160, along: int = 120) -> list[shapes.Triangle]:
    """A twisted vase, closed at both ends."""

    def at(i: int, j: int) -> tuple[float, float, float]:
        part = j / along
        wave = 1 + 0.06 * math.cos(8 * (2 * math.pi * i / around) + 3 * part)
        radius = (14 + 9 * math.sin(math.pi * (0.15 + 0.95 * part)) ** 2) * wave
        turn = 2 * math.pi * i / around
        return radius * math.cos(turn), radius * math.sin(turn), 70 * part

    found: list[shapes.Triangle] = []
    for i in range(around):
        for j in range(along):
            a, b, c, d = at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)
            found += [[a, b, c], [a, c, d]]
        found.append([at(i + 1, 0), at(i, 0), (0.0, 0.0, 0.0)])
        found.append([at(i, along), at(i + 1, along), (0.0, 0.0, 70.0)])
    return found


def fill(farm: FarmProcess) -> dict[str, str]:
    """A library as a workshop has it; name -> id."""
    trays = farm.printer("alder")["ams"][0]["trays"]
    pla = [(t["type"], t["color"], 21.4) for t in trays if t["type"] == "PLA"][:2]
    two = [PlateSpec(minutes=84, name="planter"), PlateSpec(minutes=47, name="gear")]
    content: Sequence[tuple[str, bytes]] = (
        ("desk_hook_v2.gcode", build_gcode(model="MK3S", slicer="prusa", name="hook")),
        ("cable_clip_x6.gcode.3mf", build_gcode_3mf(model="A1 mini", name="clip")),
        ("spool_adapter.gcode", build_gcode(model="Voron 2.4", slicer="orca", name="spool")),
        ("planter_set.gcode.3mf", build_gcode_3mf(two, model="P1S", filaments=pla, name="planter")),
        ("bearing_ring.stl", shapes.stl(shapes.torus(24, 7))),
        ("twisted_vase.stl", shapes.stl(vase())),
    )
    return {name: farm.upload(name, data)["id"] for name, data in content}


def files(page: Page, folder: Path, end: str, ids: dict[str, str]) -> None:
    page.wait_for_timeout(1500)
    save(page, folder, f"files-{end}")
    page.goto(page.url.split("#")[0] + f"#/files/{ids['planter_set.gcode.3mf']}")
    expect(page.locator(".ffits > li").first).to_be_visible()
    page.get_by_role("button", name="Show layers").click()
    expect(page.locator(".lbar")).to_be_visible()
    page.locator(".lkey").scroll_into_view_if_needed()
    page.wait_for_timeout(700)
    save(page, folder, f"layers-{end}")


def slicing(page: Page, folder: Path, end: str) -> None:
    page.get_by_role("button", name="Slice…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("For printer").select_option(label="Maple · MK3S")
    expect(dialog.get_by_label("Filament")).not_to_have_value("")
    page.wait_for_timeout(1000)
    save(page, folder, f"slice-{end}")
    dialog.get_by_role("button", name="Slice", exact=True).click()
    expect(dialog).to_contain_text("Sliced.", timeout=120_000)
    dialog.get_by_role("button", name="Show the file").click()
    page.get_by_role("button", name="Show layers").click()
    expect(page.locator(".lbar")).to_be_visible(timeout=60_000)
    page.locator(".lkey").scroll_into_view_if_needed()
    page.wait_for_timeout(700)
    save(page, folder, f"sliced-{end}")


def take(browser: Browser, farm: FarmProcess, folder: Path) -> None:
    ids = fill(farm)
    for end, size, theme in PLACES:
        with window(browser, f"{farm.url}/#/files", theme, size) as page:
            files(page, folder, end, ids)
        with window(browser, f"{farm.url}/#/settings", theme, size) as page:
            page.wait_for_timeout(1500)
            save(page, folder, f"settings-{end}")
    with window(browser, f"{farm.url}/#/files/{ids['twisted_vase.stl']}", "light", DESK) as page:
        slicing(page, folder, "desk-light")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    maple = {"id": "maple", "name": "Maple", "type": "octoprint", "model": "MK3S", "simulate": True}
    oak = {"id": "oak", "name": "Oak", "type": "moonraker", "model": "Voron 2.4", "simulate": True}
    printers = [
        entry("alder", "X1C"), entry("cedar", "P1S"), entry("fir", "A1 mini"),
        maple | {"options": {"scenario": "idle"}}, oak | {"options": {"scenario": "idle"}},
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        farm = FarmProcess(Path(place), printers, settings={"slicer": {"enabled": True}})
        farm.start()
        try:
            for printer in printers:
                farm.wait_for(str(printer["id"]), "ready")
            with chromium() as browser:
                take(browser, farm, folder)
        finally:
            farm.stop()


if __name__ == "__main__":
    main()

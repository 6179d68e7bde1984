"""The timeline in the browser: bars, keys, the table, and nothing that axe finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from playwright.sync_api import Page, expect

from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import DESK, PHONE, FarmProcess, entry, settle

pytestmark = pytest.mark.e2e
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm([entry("cedar", "P1S"), entry("oak", "P1S", "printing")], time_scale=2)
    farm.wait_for("cedar", "ready")
    farm.wait_for("oak", "printing")
    assert farm.api("POST", "/api/dispatch/pause", {})[0] == 200
    loaded = farm.printer("cedar")["ams"][0]["trays"][0]
    content = build_gcode_3mf(
        [PlateSpec(minutes=40, name="gear")], model="P1S",
        filaments=[(loaded["type"], loaded["color"], 9.0)], name="gear",
    )  # fmt: skip
    file_id = farm.upload("gear.gcode.3mf", content)["id"]
    for wish in ({"copies": 3, "target": {"printer_id": "cedar"}}, {"held": True}):
        body: dict[str, Any] = {"target": {"any": True}, "file_id": file_id, **wish}
        assert farm.api("POST", "/api/jobs", body)[0] == 201
    return farm


def open_timeline(farm: FarmProcess, new_page: Callable[..., Page], **options: Any) -> Page:
    page = new_page(f"{farm.url}/#/queue", **options)
    settle(page)
    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator(".tl-bar").first).to_be_visible()
    return page


def test_bars_keys_and_table(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = open_timeline(farm, new_page)
    expect(page.locator(".tl-done")).to_contain_text("All done")
    expect(page.get_by_text("The times are those of a queue that goes on now")).to_be_visible()
    bars = page.get_by_role("button", name="gear (copy")
    expect(bars).to_have_count(3)
    bars.first.focus()
    page.keyboard.press("ArrowRight")
    expect(bars.nth(1)).to_be_focused()
    expect(page.locator(".tl-say")).to_contain_text("gear (copy 2) on Cedar")
    assert page.locator(".tl-bar[tabindex='0']").count() == 1, "one stop for Tab"
    expect(page.locator(".tl-lists")).to_contain_text("Held until somebody releases it.")
    page.get_by_role("button", name="Table").click()
    table = page.get_by_role("table", name="What prints where, and when")
    expect(table.get_by_role("rowheader", name="Cedar")).to_be_visible()
    expect(table.get_by_role("cell", name="gear")).to_have_count(3)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    farm: FarmProcess, new_page: Callable[..., Page], size: dict[str, int], theme: str
) -> None:
    # nothing that is still fading may be taken for its colour
    page = open_timeline(farm, new_page, viewport=size, color_scheme=theme, reduced_motion="reduce")
    for _ in range(2):
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.get_by_role("button", name="Table").click()

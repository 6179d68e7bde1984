"""The history in the browser, over a real server and simulated printers that end their prints."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import DESK, PHONE, WAIT_MS, FarmProcess, entry, settle

pytestmark = pytest.mark.e2e
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    """Cedar's print has finished, Birch's has failed, and one job was removed."""
    farm = new_farm([entry("cedar", "P1S"), entry("birch", "P1S")], time_scale=120)
    for name in ("cedar", "birch"):
        farm.wait_for(name, "ready")
    start(farm, "cedar", "gear", minutes=10)
    start(farm, "birch", "hook", minutes=600)
    farm.wait_for("birch", "printing")
    farm.do("birch", "hard_fail")
    farm.wait_for("cedar", "needs_clear")
    farm.wait_for("birch", "fault")
    farm.do("birch", "clear_hms")
    assert farm.api("POST", "/api/printers/birch/clear-fault", {})[0] == 202
    farm.wait_for("birch", "needs_clear")
    file_id = farm.api("GET", "/api/files")[1]["files"][0]["id"]
    job = farm.api("POST", "/api/jobs", {"file_id": file_id, "target": {"any": True}})[1]
    assert farm.api("DELETE", f"/api/jobs/{job['id']}")[0] == 200
    assert [r["result"] for r in records(farm, 3)].count("cancelled") == 1
    return farm


def start(farm: FarmProcess, printer_id: str, name: str, minutes: int) -> None:
    tray = farm.printer(printer_id)["ams"][0]["trays"][0]
    content = build_gcode_3mf(
        [PlateSpec(minutes=minutes, name=name)], model="P1S", name=name,
        filaments=[(tray["type"], tray["color"], 12.3)],
    )  # fmt: skip
    file_id = farm.upload(f"{name}.gcode.3mf", content)["id"]
    body = {"file_id": file_id, "confirm": ["all"]}
    status, answer = farm.api("POST", f"/api/printers/{printer_id}/start", body)
    assert status == 202, answer


def records(farm: FarmProcess, count: int) -> list[dict[str, Any]]:
    """The history once it has so many records, newest first."""
    pause = threading.Event()
    for _ in range(200):
        found = farm.api("GET", "/api/history")[1]["records"]
        if len(found) >= count:
            return list(found)
        pause.wait(0.1)
    raise AssertionError(f"only {len(found)} records came")


def open_history(farm: FarmProcess, new_page: Callable[..., Page], **options: Any) -> Page:
    page = new_page(f"{farm.url}/#/history", **options)
    settle(page)
    expect(page.get_by_role("heading", name="History", exact=True)).to_be_visible()
    return page


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row", name=name)


def test_both_ends_with_their_figures(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = open_history(farm, new_page)
    expect(row(page, "gear").filter(has_text="Cedar")).to_contain_text("Finished")
    failed = row(page, "hook").filter(has_text="Birch")
    expect(failed).to_contain_text("Failed")
    expect(failed).to_contain_text("Bed levelling failed")
    expect(page.get_by_role("row").filter(has_text="Removed")).to_have_count(1)
    cards = page.locator(".h-cards .card")
    expect(cards.nth(0)).to_contain_text("1 finished · 1 failed · 0 stopped")
    expect(cards.nth(1)).to_contain_text("50")
    expect(cards.nth(3)).to_contain_text("g")
    reasons = page.locator(".h-why li")
    expect(reasons).to_have_count(1)
    expect(reasons).to_contain_text("Bed levelling failed")
    bars = page.locator(".h-bars li")
    expect(bars).to_have_count(2)
    longest, other = (
        float(bars.nth(n).locator("rect").nth(1).get_attribute("width") or 0) for n in (0, 1)
    )
    assert longest == 100 > other > 0
    page.get_by_text("Show as a table").click()
    expect(page.get_by_role("rowheader", name="Birch")).to_be_visible()
    page.get_by_role("button", name="Months").click()
    expect(page.get_by_role("heading", name="Use per month")).to_be_visible()
    expect(bars).to_have_count(1)


def test_filters_and_the_file_that_follows_them(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = open_history(farm, new_page)
    body = page.locator(".h-table tbody tr")
    expect(body).to_have_count(3)
    page.get_by_label("Result").select_option("failed")
    expect(body).to_have_count(1)
    expect(body).to_contain_text("hook")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download what is shown as CSV").click()
    text = Path(download.value.path()).read_bytes().decode("utf-8-sig")
    assert download.value.suggested_filename.endswith(".csv")
    assert [r["printer"] for r in csv.DictReader(io.StringIO(text, newline=""))] == ["Birch"]
    page.get_by_label("Printer").select_option("cedar")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_label("Result").select_option("")
    expect(body).to_have_count(1)
    page.get_by_label("Printer").select_option("")
    page.get_by_placeholder("Find a print").fill("levelling")
    expect(body).to_have_count(1)
    expect(body).to_contain_text("hook")


def test_print_again_opens_the_dialog_with_the_file(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = open_history(farm, new_page)
    row(page, "gear").filter(has_text="Cedar").get_by_role(
        "button", name="Print gear again"
    ).click()
    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog.locator(".drop b")).to_have_text("gear.gcode.3mf")


def test_a_print_that_ends_appears_by_itself_and_a_restart_repeats_nothing(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    before = records(farm, 3)
    assert farm.api("POST", "/api/printers/cedar/mark-clear", {})[0] == 202
    farm.wait_for("cedar", "ready")
    page = open_history(farm, new_page)
    start(farm, "cedar", "vase", minutes=10)
    expect(row(page, "vase")).to_contain_text("Finished", timeout=4 * WAIT_MS)
    page.close()
    ids = [record["id"] for record in records(farm, 4)]
    assert len(ids) == len(before) + 1
    gear = next(r for r in records(farm, 4) if r["name"] == "gear.gcode.3mf" and r["started_at"])
    assert gear["cleared_at"] >= gear["ended_at"], "the next start proved it"
    assert farm.stop() == 0
    farm.start()
    assert [record["id"] for record in records(farm, 4)] == ids
    assert farm.api("GET", "/api/history")[1]["problems"] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(farm: FarmProcess, browser: Browser, size: Any, theme: Any) -> None:
    context = browser.new_context(viewport=size, color_scheme=theme, bypass_csp=True)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(f"{farm.url}/#/history")
    page.evaluate(AXE)
    settle(page)
    page.get_by_text("Show as a table").click()
    expect(page.locator(".h-table tbody tr").first).to_be_visible()
    found: list[dict[str, Any]] = page.evaluate(
        "async (tags) => (await axe.run(document, { runOnly: { type: 'tag', values: tags } }))"
        ".violations",
        TAGS,
    )
    assert [f"{v['id']}: {n['html'][:160]}" for v in found for n in v["nodes"]] == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.get_by_placeholder("Find a print").fill("no such thing")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    context.close()


def test_a_print_is_shown_as_it_lay_there_in_the_end(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    pause = threading.Event()
    for _ in range(300):
        printed = {r["printer"]: r for r in records(farm, 3) if r["started_at"]}
        if all(record["photo"] for record in printed.values()):
            break
        pause.wait(0.1)
    assert set(printed) == {"Cedar", "Birch"}
    assert all(record["photo"] for record in printed.values()), "no photo came"
    removed = next(r for r in records(farm, 3) if not r["started_at"])
    assert removed["photo"] is None
    page = open_history(farm, new_page)
    picture = page.locator(".h-photo img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("img => img.complete && img.naturalWidth") == 960
    assert farm.api("GET", "/api/history/nothing/1/photo")[0] == 404

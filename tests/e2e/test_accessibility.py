"""axe finds nothing in any theme and size, no page complains, and a keyboard is enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from playwright.sync_api import Browser, Page, expect

from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import DESK, PHONE, WAIT_MS, FarmProcess, card, drop, entry, settle

pytestmark = pytest.mark.e2e
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm(
        [
            entry("cedar", "P1S", group="Front bench", tags=["enclosed"]),
            entry("oak", "P1S", "printing"),
            entry("elm", "P1P", "fault_hms"),
            entry("fir", "A1", "paused_filament"),
            entry("juniper", "A1 mini", "finished"),
            entry("maple", "H2D", "printing"),
            entry("larch", "X1C"),
            entry("yew", "X1C"),
            entry("ash", "P1S"),
        ],
        time_scale=2,
    )
    farm.wait_for("oak", "printing")
    farm.wait_for("larch", "ready")
    assert farm.api("POST", "/api/printers/larch/maintenance", {"on": True, "note": "New belt"})
    farm.knobs("yew", mute_all=True)
    fill_queue(farm)
    return farm


def fill_queue(farm: FarmProcess) -> None:
    """One job on a printer, one that waits, one that is held, one removed."""
    farm.wait_for("ash", "ready")
    file_id = farm.upload("gear.gcode.3mf", gear(farm, "ash"))["id"]
    wishes: list[dict[str, Any]] = [
        {"target": {"printer_id": "ash"}},
        {"target": {"printer_ids": ["oak", "elm"]}, "copies": 4, "priority": 1},
        {"target": {"printer_id": "oak"}, "held": True, "notes": "Which colour?"},
        {"target": {"printer_id": "fir"}},
        {"target": {"printer_id": "oak"}, "held": True},
    ]
    for wish in wishes:
        status, job = farm.api("POST", "/api/jobs", {"file_id": file_id, **wish})
        assert status == 201, job
    assert farm.api("DELETE", f"/api/jobs/{job['id']}")[0] == 200
    farm.wait_for("ash", "preparing", "printing")


def violations(page: Page) -> list[str]:
    """What axe finds, as lines that name the element."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(f"{AXE}; 0")
    found: list[dict[str, Any]] = page.evaluate(
        "async (tags) => (await axe.run(document, { runOnly: { type: 'tag', values: tags } }))"
        ".violations",
        TAGS,
    )
    return [
        f"{v['id']}: {n['html'][:160]} {n['failureSummary']}" for v in found for n in v["nodes"]
    ]


def gear(farm: FarmProcess, printer_id: str) -> bytes:
    trays = farm.printer(printer_id)["ams"][0]["trays"]
    used = [(tray["type"], tray["color"], 12.3) for tray in trays[:2]]
    plates = [PlateSpec(minutes=30, name="gear"), PlateSpec(minutes=50, name="pulley")]
    return build_gcode_3mf(plates, model="P1S", filaments=used, name="gear")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(farm: FarmProcess, browser: Browser, size: Any, theme: Any) -> None:
    context = browser.new_context(
        viewport=size, color_scheme=theme, bypass_csp=True, reduced_motion="reduce"
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(farm.url)
    page.evaluate(AXE)
    settle(page)
    found: dict[str, list[str]] = {}

    def check(place: str) -> None:
        # reduced_motion stops the animations; anything still fading would fail the contrast
        found[place] = violations(page)

    def opened(name: str) -> None:
        expect(page.get_by_role("dialog")).to_be_visible()
        check(name)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

    expect(page.locator("pf-printer-card")).to_have_count(9)
    for mode in ("Cards", "List", "Cameras"):
        page.get_by_role("button", name=mode, exact=True).click()
        check(f"farm, {mode}")
    page.get_by_role("button", name="Cards", exact=True).click()
    page.get_by_role("button", name="Group and sort").click()
    page.get_by_role("radio", name="Group", exact=True).check()
    check("farm, grouped")
    page.get_by_role("radio", name="Nothing").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Select printers").click()
    page.get_by_role("checkbox", name="Select Cedar").check()
    check("farm, selecting")
    page.get_by_role("button", name="Select printers").click()

    drop(page, card("cedar"), "gear.gcode.3mf", gear(farm, "cedar"))
    expect(page.get_by_role("radio", name="Cedar")).to_be_checked()
    opened("upload dialog")
    page.keyboard.press("?")
    opened("help")
    queue_and_files(page, check, opened)
    for name in ("cedar", "oak", "fir", "elm", "juniper", "maple", "larch", "yew"):
        page.evaluate(f"location.hash = '#/p/{name}'")
        expect(page.get_by_role("heading", level=1)).to_have_text(name.capitalize())
        page.get_by_role("tab", name="Events").click()
        check(f"printer page of {name}")
    page.evaluate("location.hash = '#/p/oak'")
    expect(page.get_by_role("heading", level=1)).to_have_text("Oak")
    page.get_by_role("tab", name="Console").click()
    check("console")
    page.get_by_role("button", name="Stop…").locator("visible=true").click()
    opened("stop dialog")
    for item in ("Maintenance…", "Skip objects…"):
        page.get_by_role("button", name="More actions").click()
        page.locator("#more").get_by_role("button", name=item).click()
        opened(item)
    context.close()
    assert {place: lines for place, lines in found.items() if lines} == {}


def queue_and_files(
    page: Page, check: Callable[[str], None], opened: Callable[[str], None]
) -> None:
    """The pages besides the farm and its printers."""
    page.evaluate("location.hash = '#/queue'")
    expect(page.locator("li.qrow")).to_have_count(3)
    expect(page.locator(".q-fly")).to_have_count(1)
    expect(page.locator(".q-mat").first).to_contain_text("PLA")
    page.get_by_role("button", name="Printer by printer").first.click()
    expect(page.locator(".q-each li").first).to_be_visible()
    check("queue")
    page.get_by_role("button", name=re.compile("^More for")).first.click()
    check("a job's menu")
    page.locator("#qmenu").get_by_role("button", name="Edit…").click()
    opened("edit a job")
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator(".known button").first.click()
    expect(page.get_by_role("radio", name="Any P1S")).to_be_visible()
    opened("add to the queue")
    page.evaluate("location.hash = '#/files'")
    link = page.get_by_role("list", name="Files", exact=True).get_by_role("link").first
    expect(link).to_be_visible()
    check("files")
    link.click()
    expect(page.locator(".fvalues")).to_be_visible()
    expect(page.get_by_role("list", name="Where it fits").locator("> li").first).to_be_visible()
    check("a file")
    page.evaluate("location.hash = '#/settings'")
    expect(page.locator(".scard").first).to_be_visible()
    check("settings")


def test_no_page_has_console_errors(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    """The fixture fails on script errors, missing files and CSP violations."""
    page = new_page(farm.url)
    settle(page)
    for place, words in (("queue", "Queue"), ("files", "Files"), ("settings", "Settings")):
        page.evaluate(f"location.hash = '#/{place}'")
        expect(page.get_by_role("heading", level=1)).to_have_text(words)
    for name in ("oak", "cedar", "elm", "maple", "yew"):
        page.evaluate(f"location.hash = '#/p/{name}'")
        expect(page.get_by_role("heading", level=1)).to_have_text(name.capitalize())
        for tab in ("Files", "Console", "Events"):
            page.get_by_role("tab", name=tab).click()
    page.goto(f"{farm.url}/#/p/nobody")
    expect(page.get_by_text("There is no such printer")).to_be_visible()
    page.get_by_role("link", name="Back to the farm").click()
    expect(page.locator("pf-printer-card")).to_have_count(9)


def tab_to(page: Page, name: str, steps: int = 90) -> None:
    """Press Tab until the element with that accessible name has the focus."""
    for _ in range(steps):
        page.keyboard.press("Tab")
        words = page.evaluate(
            "() => { const e = document.activeElement;"
            " return (e.getAttribute('aria-label') || e.textContent || '').trim(); }"
        )
        if words == name:
            return
    raise AssertionError(f"{name!r} cannot be reached with Tab")


def test_a_keyboard_is_enough_to_start_and_to_stop(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url)
    settle(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.keyboard.press("u")
    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog).to_be_visible()
    dialog.locator("input[type=file]").set_input_files(
        {"name": "gear.gcode.3mf", "mimeType": "model/3mf", "buffer": gear(farm, "cedar")}
    )
    expect(dialog.locator(".plates input").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.locator(".plates input").nth(1)).to_be_checked()
    expect(dialog.get_by_role("button", name="Start on Cedar")).to_be_enabled()
    tab_to(page, "Start on Cedar")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    farm.wait_for("cedar", "preparing", "printing")

    tab_to(page, "Cedar")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cedar")
    expect(page.get_by_role("button", name="Stop…").first).to_be_enabled()
    tab_to(page, "Stop…")
    expect(page.get_by_role("button", name="Stop…").first).to_be_focused()
    page.keyboard.press("Enter")
    stop = page.get_by_role("dialog")
    expect(stop.get_by_role("button", name="Keep printing")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Stop…").first).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "Stop print")
    page.keyboard.press("Enter")
    farm.wait_for("cedar", "needs_clear")

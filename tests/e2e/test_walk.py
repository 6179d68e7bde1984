"""The walk of a newcomer: drop a file, start it, pause, resume, watch the end, clear the bed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import WAIT_MS, FarmProcess, card, drop, entry, settle

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    printers = [entry("cedar", "P1S"), entry("larch", "X1C"), entry("hazel", "A1 mini")]
    return new_farm(printers, time_scale=60)


def percent(page: Page) -> int:
    return int(page.locator(f"{card('cedar')} progress").evaluate("bar => bar.value"))


def start_from_card(farm: FarmProcess, page: Page) -> None:
    trays = farm.wait_for("cedar", "ready")["ams"][0]["trays"]
    color = next(tray["color"] for tray in trays if tray["type"] == "PLA")
    settle(page)
    expect(page.locator(f"{card('cedar')} pf-state")).to_contain_text("Ready")
    plate = PlateSpec(minutes=20, layers=60)
    content = build_gcode_3mf([plate], model="P1S", filaments=[("PLA", color, 12.3)], name="gear")
    drop(page, card("cedar"), "gear.gcode.3mf", content)

    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog.locator(".drop b")).to_have_text("gear.gcode.3mf")
    picture = dialog.locator(".plates img")
    expect(picture).to_be_visible()
    assert picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") > 0
    expect(dialog.get_by_role("radio", name=re.compile("Cedar"))).to_be_checked()
    expect(dialog.locator(".who label", has_text="Cedar")).to_contain_text("Everything fits")
    expect(dialog.locator(".who label", has_text="Hazel")).to_contain_text("A1 mini")
    expect(dialog.get_by_role("radio", name=re.compile("Hazel"))).to_be_disabled()
    expect(dialog.locator(".map")).to_contain_text("Match")
    expect(dialog.locator("footer")).to_contain_text(
        "Cedar is idle, its bed is clear and the file fits."
    )
    dialog.get_by_role("button", name="Start on Cedar").click()
    expect(dialog).to_have_count(0)


def pause_and_resume(page: Page) -> None:
    pill = page.locator(f"{card('cedar')} pf-state")
    page.locator(card("cedar")).get_by_role("button", name="Pause").click()
    expect(pill).to_contain_text("Paused", timeout=WAIT_MS)
    page.locator(card("cedar")).get_by_role("button", name="Resume").click()
    expect(pill).to_contain_text("Printing", timeout=WAIT_MS)


def jog_is_refused(farm: FarmProcess, page: Page) -> None:
    page.locator(card("cedar")).get_by_role("link", name="Cedar").click()
    expect(page.get_by_role("heading", name="Cedar", level=1)).to_be_visible()
    why = "Cedar is printing gear. Moving the head now would crash into the part."
    lock = page.locator(".move .lock").first
    expect(lock).to_contain_text(f"Locked. {why}")
    expect(page.get_by_role("button", name="Home all axes")).to_be_disabled()
    for action, body in (("jog", {"x": 10}), ("home", {}), ("gcode", {"line": "G28"})):
        status, answer = farm.api("POST", f"/api/printers/cedar/{action}", body)
        assert (status, answer["error"]["message"]) == (409, why), action
    page.get_by_role("tab", name="Console").click()
    page.get_by_label("One line of G-code").fill("g1 x10")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log")).to_contain_text(why)
    asked = [str(request) for request in farm.requests("cedar")]
    assert not [line for line in asked if "G28" in line or "g1 x10" in line.lower()]


def test_a_file_is_dropped_printed_and_its_bed_cleared(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url)
    start_from_card(farm, page)

    pill = page.locator(f"{card('cedar')} pf-state")
    expect(pill).not_to_contain_text("Ready")
    farm.wait_for("cedar", "uploading", "preparing", "printing")
    expect(pill).to_contain_text("Printing", timeout=30_000)
    before = percent(page)
    page.wait_for_function(
        "([sel, n]) => document.querySelector(sel).value > n",
        arg=[f"{card('cedar')} progress", before],
    )
    expect(page.locator(card("cedar"))).to_contain_text("left · done", timeout=30_000)
    pause_and_resume(page)
    jog_is_refused(farm, page)

    expect(page.locator("header pf-state")).to_contain_text("Clear the bed", timeout=60_000)
    assert not farm.printer("cedar")["bed"]["clear"]
    page.get_by_role("link", name="Back to the farm").click()
    needs = page.get_by_role("listitem").filter(has_text="gear is done")
    expect(needs).to_be_visible()
    needs.get_by_role("button", name="Mark clear").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(pill).to_contain_text("Ready")
    expect(page.locator(card("cedar"))).to_contain_text("Free for the next job")
    assert farm.printer("cedar")["bed"]["clear"]
    undo.click()
    expect(pill).to_contain_text("Clear the bed")
    page.locator(card("cedar")).get_by_role("button", name="Mark clear").click()
    expect(pill).to_contain_text("Ready")
    starts = [r for r in farm.requests("cedar") if "project_file" in str(r)]
    assert len(starts) == 1, "a start is sent once"

"""One farm of four makes: the same walk on each, and what only one of them has."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.eavesdropper import Eavesdropper
from tests.e2e.stage import DESK, PHONE, WAIT_MS, FarmProcess, card, drop, entry, settle
from tests.e2e.test_accessibility import AXE, violations

pytestmark = pytest.mark.e2e
KEYS = {
    "ender": "octoprint-key-never-shown",
    "raven": "moonraker-key-never-shown",
    "tower": "prusalink-key-never-shown",
    "mini": "firmware-key-never-shown",
}
PASSWORD = "digest-password-never-shown"


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm(
        [
            entry("birch", "P1S"),
            entry("ender", "Ender 3", type="octoprint", api_key=KEYS["ender"]),
            entry("raven", "Voron 2.4", type="moonraker", api_key=KEYS["raven"]),
            entry("tower", "MK3S", type="prusalink", api_key=KEYS["tower"], password=PASSWORD),
            entry("mini", "MINI", "printing", type="prusalink", api_key=KEYS["mini"]),
        ],
        time_scale=60,
    )
    for name in ("birch", "ender", "raven", "tower"):
        farm.wait_for(name, "ready")
    return farm


@pytest.fixture
def ear(farm: FarmProcess, complaints: Any) -> Eavesdropper:
    """What no page may hear or say: keys, passwords, and where the printers' servers are."""
    complaints.expected.append("status of 422")
    return Eavesdropper([*KEYS.values(), PASSWORD, *farm.printer_addresses()])


def until(farm: FarmProcess, printer_id: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the farm shows something of the printer."""
    pause = threading.Event()
    for _ in range(300):
        seen = farm.printer(printer_id)
        if holds(seen):
            return
        pause.wait(0.1)
    raise AssertionError(seen)


def open_printer(page: Page, farm: FarmProcess, printer_id: str) -> Locator:
    """The printer's page; its state."""
    page.goto(f"{farm.url}/#/p/{printer_id}")
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(printer_id.capitalize())
    return page.locator("header pf-state")


def start_from_card(page: Page, printer_id: str, file: str, content: bytes) -> None:
    """Drop it, confirm what is asked, start."""
    name = printer_id.capitalize()
    expect(page.locator(f"{card(printer_id)} pf-state")).to_contain_text("Ready")
    drop(page, card(printer_id), file, content)
    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog.get_by_role("radio", name=re.compile(rf"^{name}\b"))).to_be_checked()
    expect(dialog.locator(".map")).to_be_hidden()  # plain G-code chooses its tools itself
    expect(dialog.locator(".opts")).to_be_hidden()
    start = dialog.get_by_role("button", name=f"Start on {name}")
    for tick in dialog.get_by_role("checkbox").all():
        expect(start).to_be_disabled()
        tick.check()
    start.click()
    expect(dialog).to_have_count(0)


def pause_and_resume(page: Page, printer_id: str) -> None:
    state = page.locator(f"{card(printer_id)} pf-state")
    page.locator(card(printer_id)).get_by_role("button", name="Pause").click()
    expect(state).to_contain_text("Paused", timeout=WAIT_MS)  # not "Pausing…" any more
    page.locator(card(printer_id)).get_by_role("button", name="Resume").click()
    expect(state).to_contain_text("Printing", timeout=WAIT_MS)


def jog_is_refused(farm: FarmProcess, page: Page, printer_id: str) -> None:
    name = printer_id.capitalize()
    page.locator(card(printer_id)).get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    why = f"{name} is printing gear. Moving the head now would crash into the part."
    expect(page.locator(".move .lock").first).to_contain_text(f"Locked. {why}")
    for button in ("Home all axes", "Home X", "X plus"):
        expect(page.get_by_role("button", name=button, exact=True)).to_be_disabled()
    for action, body in (("jog", {"x": 10}), ("home", {"axes": ["x"]})):
        status, answer = farm.api("POST", f"/api/printers/{printer_id}/{action}", body)
        assert (status, answer["error"]["message"]) == (409, why), action


def clear_the_bed(page: Page, printer_id: str, task: str) -> None:
    page.get_by_role("link", name="Back to the farm").click()
    needs = page.get_by_role("listitem").filter(has_text=task)
    expect(needs).to_contain_text(printer_id.capitalize())
    needs.get_by_role("button", name="Mark clear").click()
    expect(page.locator(f"{card(printer_id)} pf-state")).to_contain_text("Ready")
    expect(page.locator(card(printer_id))).to_contain_text("Free for the next job")


def test_each_make_is_homed_and_heated_as_it_can(
    farm: FarmProcess, new_page: Callable[..., Page], ear: Eavesdropper
) -> None:
    page = new_page("about:blank")
    ear.listen(page)
    for name in ("ender", "raven", "tower"):
        state = open_printer(page, farm, name)
        expect(state).to_contain_text("Ready")
        page.get_by_role("button", name="Home X", exact=True).click()
        until(farm, name, lambda p: "x" in p["homed"] and p["state"] == "ready")
        expect(page.get_by_role("button", name="X plus")).to_be_disabled()
        page.get_by_role("button", name="Home all axes").click()
        until(farm, name, lambda p: p["homed"] == "xyz" and p["state"] == "ready")
        expect(page.get_by_role("button", name="X plus")).to_be_enabled()
        page.get_by_label("Bed target").fill("45")
        page.get_by_label("Bed target").press("Enter")
        until(farm, name, lambda p: p["temps"]["bed"][1] == 45)
        page.get_by_role("button", name="Cool down").click()
        until(farm, name, lambda p: not p["temps"]["bed"][1])
    open_printer(page, farm, "birch")
    expect(page.get_by_role("button", name="Home all axes")).to_be_visible()
    expect(page.get_by_role("button", name="Home X", exact=True)).to_be_hidden()
    open_printer(page, farm, "mini")  # its firmware takes neither temperatures nor moves
    expect(page.locator(".temps")).to_contain_text("Nozzle")
    for gone in ("Cool down", "Home all axes"):
        expect(page.get_by_role("button", name=gone)).to_be_hidden()
    expect(page.get_by_role("tab", name="Console")).to_be_hidden()
    ear.heard_nothing()


STARTS = {
    "ender": re.compile(r"'command': 'select'"),
    "raven": re.compile(r"printer\.print\.start"),
    "tower": re.compile(r"'method': 'POST'.*/api/v1/files/"),
}


@pytest.mark.parametrize(
    ("printer_id", "sliced_for", "ends"),
    [("ender", "Ender 3", "stopped"), ("raven", "Voron 2.4", "done"), ("tower", "MK3S", "done")],
)
def test_the_walk_of_a_newcomer_on_every_make(
    farm: FarmProcess,
    new_page: Callable[..., Page],
    ear: Eavesdropper,
    printer_id: str,
    sliced_for: str,
    ends: str,
) -> None:
    page = new_page("about:blank")
    ear.listen(page)
    page.goto(farm.url)
    settle(page)
    start_from_card(page, printer_id, "gear.gcode", build_gcode("gear", sliced_for, 14, 30))
    state = page.locator(f"{card(printer_id)} pf-state")
    expect(state).to_contain_text("Printing", timeout=30_000)
    bar = f"{card(printer_id)} progress"
    page.wait_for_function("(sel) => document.querySelector(sel)?.value > 3", arg=bar)
    pause_and_resume(page, printer_id)
    jog_is_refused(farm, page, printer_id)
    if ends == "stopped":
        page.get_by_role("button", name="Stop…").first.click()
        page.get_by_role("button", name="Stop print").click()
    expect(page.locator("header pf-state")).to_contain_text("Clear the bed", timeout=60_000)
    assert not farm.printer(printer_id)["bed"]["clear"]
    clear_the_bed(page, printer_id, "gear was stopped" if ends == "stopped" else "gear is done")
    asked = [str(request) for request in farm.requests(printer_id)]
    sent = [line for line in asked if STARTS[printer_id].search(line)]
    assert len(sent) == 1, "a start is sent once"
    ear.heard_nothing()


def test_klipper_is_stopped_and_brought_back(
    farm: FarmProcess, new_page: Callable[..., Page], ear: Eavesdropper
) -> None:
    page = new_page("about:blank")
    ear.listen(page)
    state = open_printer(page, farm, "raven")
    page.get_by_role("button", name="More actions").click()
    stop = page.get_by_role("button", name="Emergency stop (hold)")
    stop.click()  # a click is not enough
    expect(stop).to_be_visible()
    expect(state).to_contain_text("Ready")
    stop.hover()
    page.mouse.down()
    expect(state).to_contain_text("Fault")
    page.mouse.up()
    fault = page.locator(".notices li").first
    expect(fault).to_contain_text("Shutdown due to")
    expect(fault.get_by_role("button", name="Restart Klipper")).to_be_enabled()
    fault.get_by_role("button", name="Firmware restart").click()
    question = page.get_by_role("dialog", name="Restart the firmware of Raven?")
    expect(question).to_contain_text("Klipper stops for a reason")
    question.get_by_role("button", name="Restart").click()
    expect(state).to_contain_text(re.compile("Ready|Clear the bed"), timeout=30_000)
    expect(page.locator(".notices li")).to_have_count(0)
    if not farm.printer("raven")["bed"]["clear"]:
        page.get_by_role("button", name="Mark clear").first.click()
    expect(state).to_contain_text("Ready")
    ear.heard_nothing()


def test_octoprint_lets_the_printer_go_and_takes_it_back(
    farm: FarmProcess, new_page: Callable[..., Page], ear: Eavesdropper
) -> None:
    page = new_page("about:blank")
    ear.listen(page)
    state = open_printer(page, farm, "ender")
    page.get_by_role("button", name="More actions").click()
    page.locator("#more").get_by_role("button", name="Disconnect the printer").click()
    expect(state).to_contain_text("Not connected")
    expect(page.locator(".notices")).to_contain_text("OctoPrint is running")
    expect(page.locator(".move .lock").first).to_contain_text("OctoPrint is running")
    page.get_by_role("link", name="Back to the farm").click()
    expect(page.locator(f"{card('ender')} pf-state")).to_contain_text("Not connected")
    page.locator(card("ender")).get_by_role("button", name="Connect").click()
    expect(page.locator(f"{card('ender')} pf-state")).to_contain_text(
        re.compile("Ready|Clear the bed"), timeout=30_000
    )
    if not farm.printer("ender")["bed"]["clear"]:
        page.locator(card("ender")).get_by_role("button", name="Mark clear").click()
    expect(page.locator(f"{card('ender')} pf-state")).to_contain_text("Ready")
    ear.heard_nothing()


def test_an_object_of_a_klipper_print_is_left_out(
    farm: FarmProcess, new_page: Callable[..., Page], ear: Eavesdropper
) -> None:
    content = build_gcode("hinges", "Voron 2.4", 40, 60, objects=("left_hinge", "right_hinge"))
    page = new_page("about:blank")
    ear.listen(page)
    page.goto(farm.url)
    settle(page)
    farm.wait_for("raven", "ready")
    start_from_card(page, "raven", "hinges.gcode", content)
    state = open_printer(page, farm, "raven")
    expect(state).to_contain_text("Printing", timeout=30_000)
    until(farm, "raven", lambda p: any(o["current"] for o in p["job"].get("objects", ())))
    page.get_by_role("button", name="Skip objects…").first.click()
    dialog = page.get_by_role("dialog", name="Skip objects on Raven")
    expect(dialog.get_by_role("checkbox")).to_have_count(2)
    expect(dialog.locator("li", has_text="being printed now")).to_have_count(1)
    box = dialog.get_by_role("checkbox", name=re.compile("right_hinge", re.IGNORECASE))
    box.check()
    dialog.get_by_role("button", name="Skip 1").click()
    until(farm, "raven", lambda p: [o["skipped"] for o in p["job"]["objects"]].count(True) == 1)
    page.get_by_role("button", name="Skip objects…").first.click()
    expect(dialog.get_by_role("checkbox")).to_have_count(1)
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Stop…").first.click()
    page.get_by_role("button", name="Stop print").click()
    expect(state).to_contain_text("Clear the bed")
    page.get_by_role("button", name="Mark clear").first.click()
    expect(state).to_contain_text("Ready")
    ear.heard_nothing()


def test_a_file_of_the_wrong_kind_is_refused_with_its_reason(
    farm: FarmProcess, new_page: Callable[..., Page], ear: Eavesdropper
) -> None:
    tray = farm.printer("birch")["ams"][0]["trays"][0]
    bambu = build_gcode_3mf(
        [PlateSpec(minutes=9)], model="P1S", filaments=[(tray["type"], tray["color"], 3.0)]
    )
    page = new_page("about:blank")
    ear.listen(page)
    page.goto(farm.url)
    settle(page)
    for printer_id, file, content, why in (
        (
            "birch", "clip.gcode", build_gcode("clip", "Ender 3", 9, 20),
            "Birch prints Bambu print files (.gcode.3mf); this is plain G-code. "
            "Slice it again for this printer.",
        ),
        (
            "ender", "clip.gcode.3mf", bambu,
            "Ender prints plain G-code (.gcode); this is a Bambu print file. "
            "Slice it again for this printer.",
        ),
    ):  # fmt: skip
        drop(page, card(printer_id), file, content)
        dialog = page.get_by_role("dialog", name="Start a print")
        row = dialog.locator(".who label", has_text=printer_id.capitalize())
        expect(row).to_contain_text(why)
        expect(row.get_by_role("radio")).to_be_disabled()
        expect(dialog.locator("footer")).to_contain_text(why)
        expect(dialog.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        file_id = farm.api("GET", "/api/files")[1]["files"][0]["id"]
        body = {"file_id": file_id, "plate": 1, "confirm": ["all"]}
        status, answer = farm.api("POST", f"/api/printers/{printer_id}/start", body)
        assert (status, answer["error"]["message"]) == (422, why)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    ear.heard_nothing()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_any_make(
    farm: FarmProcess, browser: Browser, ear: Eavesdropper, size: Any, theme: Any
) -> None:
    context = browser.new_context(
        viewport=size, color_scheme=theme, bypass_csp=True, reduced_motion="reduce"
    )
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    ear.listen(page)
    page.goto(farm.url)
    page.evaluate(AXE)
    settle(page)
    found = {"farm": violations(page)}
    for name in ("birch", "ender", "raven", "tower", "mini"):
        page.evaluate(f"location.hash = '#/p/{name}'")
        expect(page.get_by_role("heading", level=1)).to_have_text(name.capitalize())
        page.get_by_role("tab", name="Events").click()
        found[name] = violations(page)
        page.get_by_role("button", name="More actions").click()
        found[f"menu of {name}"] = violations(page)
        page.keyboard.press("Escape")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{name} is wider than the window"
    context.close()
    assert {place: lines for place, lines in found.items() if lines} == {}

"""Every button of the printer page, pressed as a newcomer would, and seen at the printer."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import Complaints, FarmProcess, entry, settle

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm(
        [
            entry("cedar", "P1S"), entry("elm", "P1P", "fault_hms"), entry("maple", "H2D"),
            entry("oak", "P1S", "printing"), entry("fir", "A1", "paused_filament"),
            entry("yew", "X1C"),
        ],
        time_scale=30,
    )  # fmt: skip
    farm.wait_for("maple", "ready")
    farm.wait_for("cedar", "ready")
    farm.wait_for("yew", "ready")
    return farm


@pytest.fixture
def open_printer(farm: FarmProcess, new_page: Callable[..., Page]) -> Callable[[str], Page]:
    def open_page(printer_id: str) -> Page:
        page = new_page(f"{farm.url}/#/p/{printer_id}")
        settle(page)
        expect(page.get_by_role("heading", level=1)).to_have_text(printer_id.capitalize())
        return page

    return open_page


def until(farm: FarmProcess, printer_id: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the farm shows something of the printer."""
    pause = threading.Event()
    for _ in range(150):
        seen = farm.printer(printer_id)
        if holds(seen):
            return
        pause.wait(0.1)
    raise AssertionError(seen)


def in_menu(page: Page, item: str) -> None:
    page.get_by_role("button", name="More actions").click()
    page.locator("#more").get_by_role("button", name=item).click()


def test_temperatures_fans_light_and_speed(
    farm: FarmProcess, open_printer: Callable[[str], Page]
) -> None:
    page = open_printer("oak")
    farm.wait_for("oak", "printing")
    target = page.get_by_label("Bed target")
    target.fill("62")
    target.press("Enter")
    until(farm, "oak", lambda p: p["temps"]["bed"][1] == 62)
    target.fill("500")
    target.press("Enter")
    expect(page.locator("#msg-bed")).to_have_text("Between 0 and 100 °C.")
    target.fill("62")
    target.press("Enter")
    expect(page.locator("#msg-bed")).to_be_hidden()
    expect(page.get_by_role("button", name="Cool down")).to_be_disabled()

    for name, field in (("Part", "part"), ("Aux", "aux"), ("Chamber", "chamber")):
        slider = page.get_by_role("slider", name=name)
        slider.fill("35")
        until(farm, "oak", lambda p, field=field: abs(p["fans"][field] - 35) <= 5)
    page.get_by_role("radio", name="Sport").click()
    expect(page.get_by_role("radio", name="Sport")).to_be_checked()
    until(farm, "oak", lambda p: p["speed"]["level"] == 3)
    light = page.get_by_role("button", name="Light", exact=True)
    expect(light).to_have_attribute("aria-pressed", "true")
    light.click()
    until(farm, "oak", lambda p: p["light"] is False)
    expect(light).to_have_attribute("aria-pressed", "false")
    in_menu(page, "Light on")
    until(farm, "oak", lambda p: p["light"] is True)


def test_an_idle_printer_is_homed_moved_and_extrudes(
    farm: FarmProcess, open_printer: Callable[[str], Page]
) -> None:
    page = open_printer("cedar")
    lock = page.locator("#lock-move")
    expect(lock).to_contain_text("Home Cedar first")
    expect(page.get_by_role("button", name="X plus")).to_be_disabled()
    page.get_by_role("button", name="Home all axes").click()
    until(farm, "cedar", lambda p: p["homed"] == "xyz" and p["state"] == "ready")
    expect(page.get_by_role("button", name="X plus")).to_be_enabled()
    page.get_by_role("radio", name="1", exact=True).click()
    page.get_by_role("button", name="X plus").click()
    page.get_by_role("button", name="Away from the bed, Z plus").click()
    expect(page.locator("#lock-cold")).to_contain_text("The nozzle of Cedar is too cold")
    expect(page.get_by_role("button", name="Extrude filament")).to_be_disabled()
    page.get_by_role("button", name="Heat to 220°").click()
    expect(page.get_by_role("button", name="Extrude filament")).to_be_enabled(timeout=20_000)
    page.get_by_role("button", name="Extrude filament").click()
    page.get_by_role("button", name="Retract filament").click()
    page.get_by_role("button", name="Cool down").click()
    until(farm, "cedar", lambda p: not p["temps"]["nozzle"][1])
    asked = str(farm.requests("cedar"))
    assert all(words in asked for words in ("G28", "X1", "Z1", "E1", "E-1")), asked
    expect(page.locator(".move .msg")).to_be_hidden()
    expect(page.locator(".toast")).to_have_count(0)


def test_filament_is_loaded_unloaded_and_chosen(
    farm: FarmProcess, open_printer: Callable[[str], Page]
) -> None:
    page = open_printer("yew")
    slots = page.locator(".slots button")
    slots.nth(1).click()
    page.get_by_role("button", name="Load", exact=True).click()
    until(farm, "yew", lambda p: p["tray"] == "A2" and p["state"] == "ready")
    expect(slots.nth(1)).to_contain_text("In use")
    page.get_by_role("button", name="Unload", exact=True).click()
    until(farm, "yew", lambda p: p["tray"] == "" and p["state"] == "ready")
    slots.nth(2).click()
    page.get_by_role("button", name="Use for the next start").click()
    until(farm, "yew", lambda p: p["next_tray"] == "A3")
    expect(slots.nth(2)).to_contain_text("Next start")


def test_objects_are_skipped_in_a_print_started_here(
    farm: FarmProcess, open_printer: Callable[[str], Page]
) -> None:
    trays = farm.printer("maple")["ams"][0]["trays"]
    tray = next(tray for tray in trays if not tray["empty"])
    content = build_gcode_3mf(
        [PlateSpec(minutes=60, layers=80, objects=("left_hinge", "right_hinge"))],
        model="H2D", filaments=[(tray["type"], tray["color"], 12.3)], name="hinges",
    )  # fmt: skip
    page = open_printer("maple")
    page.get_by_role("button", name="Print…").first.click()
    dialog = page.get_by_role("dialog", name="Start a print")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "hinges.gcode.3mf", "mimeType": "model/3mf", "buffer": content}
    )
    expect(dialog.get_by_role("radio", name=re.compile("Maple"))).to_be_checked()
    dialog.get_by_role("button", name="Start on Maple").click()
    farm.wait_for("maple", "printing")
    page.get_by_role("button", name="Skip objects…").first.click()
    skip = page.get_by_role("dialog", name="Skip objects on Maple")
    expect(skip.get_by_role("button", name="Skip 0")).to_be_disabled()
    skip.get_by_role("checkbox", name="right_hinge").check()
    skip.get_by_role("button", name="Skip 1").click()
    until(farm, "maple", lambda p: len(p["job"]["skipped"]) == 1)
    page.get_by_role("button", name="Skip objects…").first.click()
    expect(skip.get_by_role("checkbox")).to_have_count(1)
    skip.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Stop…").first.click()
    page.get_by_role("button", name="Stop print").click()
    farm.wait_for("maple", "needs_clear")


def test_a_fault_is_read_and_cleared(
    farm: FarmProcess, open_printer: Callable[[str], Page]
) -> None:
    page = open_printer("elm")
    expect(page.locator(".notices")).to_contain_text("Bed levelling failed")
    page.get_by_role("button", name="Clear fault…").first.click()
    dialog = page.get_by_role("dialog", name="Clear the fault on Elm?")
    expect(dialog).to_contain_text("0300-4002")
    dialog.get_by_role("button", name="Clear message").click()
    until(farm, "elm", lambda p: p["state"] == "needs_clear")
    expect(page.locator(".notices li")).to_have_count(0)
    page.get_by_role("button", name="Mark clear").first.click()
    farm.wait_for("elm", "ready")


def test_filament_that_ran_out_is_named_and_the_print_goes_on(
    farm: FarmProcess, open_printer: Callable[[str], Page]
) -> None:
    page = open_printer("fir")
    slot = farm.printer("fir")["tray"]
    expect(page.locator(".notices")).to_contain_text(f"Filament ran out in {slot}")
    farm.do("fir", "swap_spool", unit=0, slot=int(slot[1]) - 1, type="PLA", color="F4F4F2")
    page.get_by_role("button", name="Resume").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    farm.wait_for("fir", "printing", "preparing")


def test_maintenance_calibration_and_reconnect(
    farm: FarmProcess, open_printer: Callable[[str], Page]
) -> None:
    page = open_printer("cedar")
    in_menu(page, "Maintenance…")
    dialog = page.get_by_role("dialog", name="Take Cedar out of work?")
    dialog.get_by_label("Note (optional)").fill("New nozzle")
    dialog.get_by_role("button", name="Start maintenance").click()
    expect(page.locator("header pf-state")).to_contain_text("Maintenance")
    expect(page.locator(".notices")).to_contain_text("New nozzle")
    page.get_by_role("button", name="End maintenance").first.click()
    expect(page.locator("header pf-state")).to_contain_text("Ready")
    in_menu(page, "Calibrate…")
    page.get_by_role("button", name="Start calibration").click()
    until(farm, "cedar", lambda p: p["state"] in ("busy", "preparing", "printing"))
    until(farm, "cedar", lambda p: p["state"] in ("ready", "needs_clear"))
    in_menu(page, "Reconnect")
    until(farm, "cedar", lambda p: p["conn"]["online"] and not p["conn"]["stale"])
    page.get_by_role("tab", name="Events").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Maintenance is on")
    expect(page.get_by_role("tabpanel")).to_contain_text("reconnect sent")


def test_console_files_and_camera(
    farm: FarmProcess, open_printer: Callable[[str], Page], complaints: Complaints
) -> None:
    complaints.expected.append("status of 422")  # the refused line below
    page = open_printer("yew")
    expect(page.get_by_role("tabpanel")).to_contain_text(".gcode.3mf")
    page.get_by_role("tab", name="Console").click()
    line = page.get_by_label("One line of G-code")
    line.fill("M140 S45")
    line.press("Enter")
    until(farm, "yew", lambda p: p["temps"]["bed"][1] == 45)
    line.fill("M104 S999")
    line.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("300 °C")
    page = open_printer("oak")
    picture = page.locator(".cam img, .cam canvas").first
    expect(picture).to_be_visible()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Snapshot").click()
    assert popup.value.url.startswith(f"{farm.url}/api/camera/snapshot")


def test_several_printers_at_once(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = new_page(farm.url)
    settle(page)
    page.get_by_role("button", name="Select printers").click()
    for name in ("Cedar", "Yew"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    bulk = page.locator(".bulk")
    expect(bulk).to_contain_text("2 selected")
    bulk.get_by_role("button", name="Light off").click()
    for name in ("cedar", "yew"):
        until(farm, name, lambda p: p["light"] is False)

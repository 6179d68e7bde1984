"""Files that do not belong here: another model's, and one whose name is an attack."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import Complaints, FarmProcess, card, drop, entry, settle

pytestmark = pytest.mark.e2e
HOSTILE = "<img src=x onerror=alert(1)>.gcode.3mf"


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm([entry("cedar", "P1S"), entry("birch", "P1S")], time_scale=60)
    for name in ("cedar", "birch"):
        farm.wait_for(name, "ready")
    return farm


def loaded(farm: FarmProcess, printer_id: str) -> tuple[str, str, float]:
    """A filament that the printer has in its first slot."""
    tray = farm.printer(printer_id)["ams"][0]["trays"][0]
    return (tray["type"], tray["color"], 9.0)


def test_a_file_for_another_model_is_refused_by_dialog_and_api_alike(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url)
    settle(page)
    content = build_gcode_3mf(model="A1 mini", filaments=[loaded(farm, "cedar")], name="mini")
    drop(page, card("cedar"), "mini.gcode.3mf", content)
    dialog = page.get_by_role("dialog", name="Start a print")
    row = dialog.locator(".who label", has_text="Cedar")
    expect(row).to_contain_text("A1 mini")
    expect(dialog.get_by_role("radio", name=re.compile("Cedar"))).to_be_disabled()
    expect(dialog.get_by_role("radio", name=re.compile("Cedar"))).not_to_be_checked()
    expect(dialog.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    expect(dialog.locator("footer")).to_contain_text("No printer can take this file now.")
    said = row.locator("em span").inner_text()

    file_id = farm.api("GET", "/api/files")[1]["files"][0]["id"]
    body = {"file_id": file_id, "plate": 1, "confirm": ["all"]}
    status, answer = farm.api("POST", "/api/printers/cedar/start", body)
    assert (status, answer["error"]["message"]) == (422, said)
    assert farm.printer("cedar")["state"] == "ready"
    assert "project_file" not in str(farm.requests("cedar"))


def test_a_file_that_is_no_print_is_refused_with_its_reason(
    farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expected.append("status of 422")
    page = new_page(farm.url)
    settle(page)
    drop(page, card("cedar"), "holiday.gcode.3mf", b"not a zip at all")
    dialog = page.get_by_role("dialog", name="Start a print")
    problem = dialog.get_by_role("alert")
    expect(problem).to_be_visible()
    words = problem.inner_text()
    assert words.endswith(".") and "Error" not in words and "zip" not in words.split()[0]
    expect(dialog.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_hostile_file_name_is_only_text(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = new_page(farm.url)
    popups: list[str] = []
    page.on("dialog", lambda popup: (popups.append(popup.message), popup.dismiss()))
    settle(page)
    plate = PlateSpec(minutes=30, name=HOSTILE)
    content = build_gcode_3mf(
        [plate], model="P1S", filaments=[loaded(farm, "birch")], name="<script>alert(2)</script>"
    )
    drop(page, card("birch"), HOSTILE, content)
    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog.locator(".drop b")).to_have_text(HOSTILE)
    dialog.get_by_role("button", name="Start on Birch").click()
    expect(dialog).to_have_count(0)
    farm.wait_for("birch", "preparing", "printing")
    expect(page.locator(card("birch"))).to_contain_text("<img src=x onerror=alert(1)>")
    page.locator(card("birch")).get_by_role("link", name="Birch").click()
    expect(page.locator(".job h2")).to_have_text("<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Stop…").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Stop print").click()
    expect(page.locator("header pf-state")).to_contain_text("Clear the bed", timeout=30_000)
    page.get_by_role("tab", name="Events").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("<img src=x")
    assert page.locator("img[src='x']").count() == 0
    assert popups == []

"""From a model to a print: upload, slice with the real PrusaSlicer, look at it, start it."""

from __future__ import annotations

import re
from collections.abc import Callable
from shutil import which

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import Complaints, FarmProcess, entry, settle
from tests.slicer.mesh import shapes

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not which("prusa-slicer"), reason="needs prusa-slicer (deploy/system_packages.sh)"
    ),
]
LONG_MS = 60_000


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    maple = {"id": "maple", "name": "Maple", "type": "octoprint", "model": "MK3S", "simulate": True}
    farm = new_farm(
        [maple | {"options": {"scenario": "idle"}}, entry("cedar", "P1S")],
        settings={"slicer": {"enabled": True}},
    )
    farm.wait_for("maple", "ready")
    return farm


def slice_dialog(farm: FarmProcess, new_page: Callable[..., Page], name: str, model: bytes) -> Page:
    """The slice dialog of an uploaded model, filled in for Maple."""
    stored = farm.upload(name, model)
    assert stored["use"] == "slice"
    page = new_page(f"{farm.url}/#/files/{stored['id']}")
    settle(page)
    page.get_by_role("button", name="Slice…").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Slice"))
    dialog.get_by_label("For printer").select_option(label="Maple · MK3S")
    expect(dialog.get_by_label("Machine")).to_have_value(re.compile("MK3S"), timeout=LONG_MS)
    # the slicer's own presets are read in a child, beside seven other browsers
    expect(dialog.get_by_label("Process")).to_have_value(re.compile("0.20"), timeout=LONG_MS)
    expect(dialog.get_by_label("Filament")).not_to_have_value("")
    return page


def test_model_becomes_a_print(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = slice_dialog(farm, new_page, "ring.stl", shapes.stl(shapes.torus(10, 3, 48, 24)))
    dialog = page.get_by_role("dialog", name="Slice ring")
    dialog.get_by_label("Remember these presets for Maple").check()
    dialog.get_by_role("button", name="Slice", exact=True).click()
    expect(dialog).to_contain_text("Sliced. The result is in the library.", timeout=LONG_MS)
    dialog.get_by_role("button", name="Print…").click()
    start = page.get_by_role("dialog", name="Start a print")
    row = start.locator(".who label", has_text="Maple")
    expect(row.get_by_role("radio")).to_be_enabled()
    row.get_by_role("radio").check()
    start.get_by_role("button", name="Start on Maple").click()
    expect(start).to_be_hidden()
    job = farm.wait_for("maple", "printing", "preparing", "needs_clear")["job"]
    assert job is None or "ring" in job["name"]

    files = farm.api("GET", "/api/files")[1]["files"]
    sliced = next(file for file in files if file["use"] == "print")
    plate = sliced["plates"][0]
    assert sliced["slicer"] == "PrusaSlicer"
    assert plate["thumbnail"] and plate["grams"] > 0 and plate["layers"] > 10
    defaults = farm.api("GET", "/api/slicing/profiles")[1]["defaults"]
    assert defaults["maple"]["set"] == "prusa-PrusaResearch"


def test_what_does_not_fit_is_said_before_or_after_slicing(
    farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    """PrusaSlicer slices a tower of half a metre and says all is well (it is not)."""
    complaints.expected.append("status of 422")
    page = slice_dialog(farm, new_page, "tower.stl", shapes.stl(shapes.box(20, 20, 500)))
    dialog = page.get_by_role("dialog", name="Slice tower")
    dialog.get_by_role("button", name="Slice", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text(
        re.compile("500 mm.*210 mm|210 mm.*500 mm"), timeout=LONG_MS
    )
    assert not [
        file
        for file in farm.api("GET", "/api/files")[1]["files"]
        if file["name"].startswith("tower ")
    ]


def test_a_key_for_a_slicer_is_shown_once_and_can_be_taken_back(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{farm.url}/#/settings")
    settle(page)
    page.get_by_label("Name of the new key").fill("Workshop PC")
    page.get_by_role("button", name="Make a key").click()
    shown = page.locator(".fresh input")
    expect(shown).to_be_visible()
    key = shown.input_value()
    assert len(key) >= 32
    page.reload()
    settle(page)
    row = page.get_by_role("list", name="Keys").locator("li", has_text="Workshop PC")
    expect(row).to_contain_text("never used")
    assert key not in page.content()
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)

"""The Files page: many uploads, one file in full, its layers, where it fits, deleting."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from simulator.plain_gcode import build_gcode
from simulator.plates import build_gcode_3mf
from tests.e2e.stage import Complaints, FarmProcess, entry, settle
from tests.web.refused_files import REFUSED, RefusedFile

pytestmark = pytest.mark.e2e
_COUNT_WALL = """() => {
    const canvas = document.querySelector('.layers canvas');
    const wall = getComputedStyle(document.querySelector('.lk-outer')).color.match(/\\d+/g);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const same = (i) => wall.every((value, at) => data[i + at] === Number(value));
    let found = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255 && same(i)) found += 1;
    return found;
}"""
"""Pixels of the layer that have exactly the outer wall's colour."""


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm([entry("alder", "X1C"), entry("cedar", "P1S"), entry("fir", "A1 mini")])
    for name in ("alder", "cedar", "fir"):
        farm.wait_for(name, "ready")
    for slot in range(4):
        farm.do("cedar", "swap_spool", unit=0, slot=slot, type="PLA", color="C4633F")
    pause = threading.Event()
    while any(tray["type"] != "PLA" for tray in farm.printer("cedar")["ams"][0]["trays"]):
        assert not pause.wait(0.1)
    return farm


def open_files(farm: FarmProcess, new_page: Callable[..., Page], file_id: str = "") -> Page:
    page = new_page(f"{farm.url}/#/files" + (f"/{file_id}" if file_id else ""))
    settle(page)
    return page


def test_many_files_at_once_each_with_its_own_end(
    farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expected.append("status of 422")
    page = open_files(farm, new_page)
    expect(page.get_by_role("heading", name="Files", exact=True)).to_be_visible()
    page.get_by_label("Files to upload").set_input_files(
        [
            {"name": "gear.gcode.3mf", "mimeType": "", "buffer": build_gcode_3mf(name="gear")},
            {
                "name": "hook.gcode",
                "mimeType": "",
                "buffer": build_gcode(model="MK3S", name="hook"),
            },
            {"name": "notes.gcode", "mimeType": "", "buffer": b"; nothing but words\n"},
        ]
    )
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.locator("li", has_text="gear.gcode.3mf")).to_contain_text("Uploaded")
    expect(uploads.locator("li", has_text="notes.gcode")).to_contain_text("holds only comments")
    library = page.get_by_role("list", name="Files", exact=True)
    expect(library.get_by_role("link", name=re.compile("^gear"))).to_contain_text("P1S · 0.4 mm")
    expect(library.get_by_role("link", name=re.compile("^hook"))).to_contain_text("MK3S")
    uploads.get_by_role("button", name="Remove notes.gcode from this list").click()
    expect(uploads.locator("li")).to_have_count(2)

    page.get_by_placeholder("Find a file").fill("hook")
    expect(library.locator("li")).to_have_count(1)


def test_one_file_in_full(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    """Every value names its place; every printer says whether it fits."""
    stored = farm.upload("wheel.gcode.3mf", build_gcode_3mf(name="wheel", model="P1S"))
    page = open_files(farm, new_page, stored["id"])
    values = page.locator(".fvalues")
    expect(values.locator("div", has_text="Sliced for")).to_contain_text("P1S")
    expect(values.locator("div", has_text="Time").first).to_contain_text("from")
    expect(values.locator("div", has_text="Printed area")).to_contain_text("from scan")
    fits = page.get_by_role("list", name="Where it fits")
    expect(fits.locator("> li", has_text="Fir")).to_contain_text("is a Bambu Lab A1 mini")
    expect(fits.locator("> li", has_text="Alder")).to_contain_text("takes the same G-code")

    page.get_by_role("button", name="Show layers").click()
    slider = page.get_by_label("Layer", exact=True)
    expect(slider).to_be_visible()
    count = int(slider.get_attribute("max") or 0)
    assert count == stored["plates"][0]["layers"]
    slider.fill("1")
    expect(page.locator(".lbar output")).to_contain_text(f"Layer 1 of {count}")
    page.get_by_role("button", name="Next layer").click()
    expect(page.locator(".lbar output")).to_contain_text(f"Layer 2 of {count}")
    ink = page.evaluate(_COUNT_WALL)
    assert ink > 50  # the outer wall is really on the canvas, in its own colour


def test_deleting_asks_first(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    stored = farm.upload("old.gcode.3mf", build_gcode_3mf(name="old", model="P1S"))
    page = open_files(farm, new_page, stored["id"])
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    assert farm.api("GET", f"/api/files/{stored['id']}")[0] == 200
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete old").click()
    expect(page.get_by_role("list", name="Files", exact=True)).not_to_contain_text("old")
    assert farm.api("GET", f"/api/files/{stored['id']}")[0] == 404


@pytest.mark.parametrize("wrong", REFUSED, ids=lambda wrong: wrong.name)
def test_dialog_page_api_and_queue_refuse_with_the_same_sentence(
    farm: FarmProcess, new_page: Callable[..., Page], wrong: RefusedFile
) -> None:
    printer_id = "alder" if wrong.printer[1] == "X1C" else "cedar"
    name = printer_id.capitalize()
    file_id = farm.upload(f"{wrong.code}.gcode.3mf", wrong.build())["id"]
    body = {"file_id": file_id, "plate": 1, "confirm": ["all"]}
    status, answer = farm.api("POST", f"/api/printers/{printer_id}/start", body)
    assert (status, answer["error"]["code"]) == (422, wrong.code)
    sentence = answer["error"]["message"]

    page = open_files(farm, new_page, file_id)
    fits = page.get_by_role("list", name="Where it fits")
    expect(fits.locator("> li", has_text=name)).to_contain_text(sentence)
    page.get_by_role("button", name="Print…").click()
    row = page.get_by_role("dialog", name="Start a print").locator(".who label", has_text=name)
    expect(row).to_contain_text(sentence)
    expect(row.get_by_role("radio")).to_be_disabled()

    status, job = farm.api(
        "POST", "/api/jobs", {"file_id": file_id, "plate": 1, "target": {"printer_id": printer_id}}
    )
    assert status == 201, job
    assert farm.api("POST", "/api/dispatch/once", {})[0] == 200
    status, job = farm.api("GET", f"/api/jobs/{job['id']}")
    assert job["state"] in ("queued", "held")
    assert sentence in [reason["text"] for reason in job["why"]]
    assert farm.printer(printer_id)["state"] == "ready"
    assert "project_file" not in str(farm.requests(printer_id))
    assert farm.api("DELETE", f"/api/jobs/{job['id']}?rev={job['rev']}")[0] in (200, 204)

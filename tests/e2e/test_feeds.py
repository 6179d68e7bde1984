"""Another farm's printers in the panel: everything to be seen, nothing to be pressed in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import Complaints, FarmProcess, card, entry, settle

pytestmark = pytest.mark.e2e
WHY = "Oak is shown from another farm; control it there."


def seen(printer_id: str, url: str) -> dict[str, Any]:
    return {"id": printer_id, "name": printer_id.title(), "type": "feed", "url": url}


@pytest.fixture(scope="module")
def near(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    far = new_farm([entry("oak", "P1S", "printing"), entry("cedar", "P1S", "finished")])
    url = far.url.replace("http:", "ws:").rstrip("/")
    return new_farm(
        [seen("oak", url), seen("cedar", url), seen("nobody", url), entry("ash", "P1S")]
    )


def test_a_printer_of_another_farm_offers_nothing_that_cannot_work(
    near: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expected += ["status of 409", "status of 422"]
    near.wait_for("oak", "printing", "preparing")
    near.wait_for("cedar", "needs_clear")
    page = new_page(near.url)
    settle(page)
    oak, cedar = page.locator(card("oak")), page.locator(card("cedar"))
    expect(oak.locator("progress")).to_be_visible()
    expect(oak.locator("button.act")).to_be_hidden()
    expect(cedar).to_contain_text("Clear the bed")
    expect(cedar.locator("button.act")).to_be_hidden()
    expect(page.locator(card("nobody")).get_by_role("button", name="Reconnect")).to_be_enabled()
    expect(page.locator(".needs")).not_to_contain_text("Cedar")
    expect(page.locator("p.nextfree")).to_be_hidden()  # oak gets free for others

    oak.get_by_role("link", name="Oak").click()
    expect(page.locator("ul.notices")).to_contain_text(WHY)
    for name in ("Pause", "Stop…", "Mark clear", "Home", "Cool down"):
        assert page.get_by_role("button", name=name, exact=True).filter(visible=True).count() == 0
    page.get_by_role("button", name="More").click()
    menu = page.locator("#more")
    expect(menu.get_by_role("button", name="Reconnect")).to_be_visible()
    expect(menu.get_by_role("button", name="aintenance")).to_be_hidden()

"""The server goes away and comes back: the page says so, sends nothing, and recovers by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import Complaints, FarmProcess, card, entry, settle

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    return new_farm([entry("cedar", "P1S"), entry("oak", "X1C", "printing")])


def test_a_lost_connection_is_said_and_repaired(
    farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expected += ["ERR_CONNECTION", "WebSocket connection", "ERR_INCOMPLETE", "ERR_EMPTY"]
    farm.wait_for("oak", "printing", "preparing")
    page = new_page(farm.url)
    settle(page)
    bar = page.locator("#connbar")
    expect(bar).to_be_hidden()
    pause = page.locator(card("oak")).get_by_role("button", name="Pause")
    expect(pause).to_be_enabled()

    assert farm.stop() == 0
    expect(bar).to_be_visible()
    expect(bar).to_contain_text("No connection to the farm server. Data is from")
    expect(bar.get_by_role("button", name="Retry")).to_be_visible()
    expect(pause).to_be_disabled()
    expect(page.locator(card("cedar")).get_by_role("button", name="Print…")).to_be_disabled()
    page.locator(card("oak")).get_by_role("link", name="Oak").click()
    why = "No connection to the farm server, so nothing can be sent."
    expect(page.locator(".move .lock").first).to_contain_text(why)
    expect(page.get_by_role("button", name="Stop…").first).to_be_disabled()
    expect(page.locator("#conn")).to_have_text("No connection")

    farm.start()
    farm.wait_for("oak", "printing", "preparing")
    expect(bar).to_be_hidden(timeout=40_000)
    expect(page.get_by_role("button", name="Stop…").first).to_be_enabled()
    page.get_by_role("link", name="Back to the farm").click()
    expect(page.locator(card("cedar")).get_by_role("button", name="Print…")).to_be_enabled()
    settle(page)


def test_a_page_that_cannot_be_loaded_is_no_other_page_under_its_name(
    farm: FarmProcess, new_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expected += ["ERR_CONNECTION", "WebSocket connection", "ERR_INCOMPLETE", "ERR_EMPTY"]
    farm.wait_for("oak", "printing", "preparing")
    page = new_page(farm.url)
    settle(page)
    assert farm.stop() == 0
    try:
        expect(page.locator("#conn")).to_have_text("No connection")
        expect(page.locator("body")).to_have_class("is-lost")
        page.get_by_role("link", name="History").click()
        said = page.get_by_role("heading", level=1)
        expect(said).to_have_text("This page is not loaded yet")
        expect(page.locator(card("oak"))).to_have_count(0)
        expect(page.locator(".errbar")).to_have_count(0)
    finally:
        farm.start()
    expect(said).to_have_text("History", timeout=40_000)
    expect(page.locator("body")).not_to_have_class("is-lost")

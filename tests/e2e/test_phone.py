"""A phone: one column, the tab bar, and Pause and Stop always in reach of a thumb."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import PHONE, FarmProcess, card, entry, settle

pytestmark = pytest.mark.e2e
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    farm = new_farm(
        [
            entry("oak", "P1S", "printing"),
            entry("cedar", "P1S"),
            entry("elm", "P1P", "fault_hms"),
            entry("juniper", "A1 mini", "finished"),
            entry("fir", "A1", "paused_filament"),
        ],
        time_scale=5,
    )
    farm.wait_for("oak", "printing")
    return farm


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    return page.eval_on_selector_all(
        selector,
        "all => all.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().toJSON())",
    )


def inside(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_farm_on_a_phone(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = new_page(farm.url, **TOUCH)
    settle(page)
    expect(page.locator("pf-printer-card")).to_have_count(5)
    assert inside(page)
    lefts = {round(box["x"]) for box in boxes(page, "pf-printer-card")}
    assert len(lefts) == 1, "one column"
    bar = boxes(page, "nav.rail")[0]
    assert bar["bottom"] == pytest.approx(PHONE["height"], abs=1)
    tabs = boxes(page, "nav.rail li:not(.wide-only) > *")
    assert len(tabs) == 5 and all(tab["height"] >= 44 and tab["width"] >= 44 for tab in tabs)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last = boxes(page, "pf-printer-card")[-1]
    assert last["bottom"] <= bar["y"], "the tab bar hides nothing at the end of the page"
    page.get_by_role("button", name="Upload").tap()
    dialog = page.get_by_role("dialog", name="Start a print")
    expect(dialog).to_be_visible()
    assert inside(page)
    dialog.get_by_role("button", name="Close").tap()
    page.get_by_role("button", name="More", exact=True).tap()
    page.get_by_role("button", name="Help").tap()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_pause_and_stop_stay_in_reach(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = new_page(f"{farm.url}/#/p/oak", **TOUCH)
    settle(page)
    bar = page.locator(".mobilebar")
    expect(bar).to_be_visible()
    assert inside(page)
    for _ in range(2):
        pause, stop = boxes(page, ".mobilebar button")
        rail = boxes(page, "nav.rail")[0]
        assert pause["height"] >= 44 and stop["height"] >= 44
        assert pause["right"] <= stop["x"], "beside each other"
        assert max(pause["bottom"], stop["bottom"]) <= rail["y"] + 1, "above the tab bar"
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last = max(box["bottom"] for box in boxes(page, ".printer-page .card"))
    assert last <= boxes(page, ".mobilebar")[0]["y"], "the bar hides nothing at the end"
    bar.get_by_role("button", name="Pause").tap()
    expect(bar.get_by_role("button", name="Resume")).to_be_enabled()
    bar.get_by_role("button", name="Resume").tap()
    expect(bar.get_by_role("button", name="Pause")).to_be_enabled()
    bar.get_by_role("button", name="Stop…").tap()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep printing")).to_be_focused()
    dialog.get_by_role("button", name="Stop print").tap()
    expect(bar.get_by_role("button", name="Mark clear")).to_be_enabled(timeout=20_000)
    expect(bar.get_by_role("button", name="Stop…")).to_be_hidden()


@pytest.mark.parametrize("path", ["", "#/p/cedar", "#/p/fir", "#/p/elm", "#/p/juniper"])
@pytest.mark.parametrize("width", [320, 390, 800, 1180])
def test_nothing_scrolls_sideways(
    farm: FarmProcess, new_page: Callable[..., Page], path: str, width: int
) -> None:
    page = new_page(f"{farm.url}/{path}", viewport={"width": width, "height": 800})
    page.locator("h1").wait_for()
    settle(page)
    wide = page.evaluate(
        """() => [...document.querySelectorAll('main *')]
            .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1
              && !e.closest('.chips'))
            .map((e) => e.className)"""
    )
    assert inside(page) and wide == []


def test_a_target_can_be_set_and_the_search_opened(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url, **TOUCH)
    settle(page)
    page.get_by_role("button", name="Find a printer").tap()
    page.get_by_role("searchbox").fill("ced")
    expect(page.locator("pf-printer-card:visible")).to_have_count(1)
    page.locator(card("cedar")).get_by_role("link", name="Cedar").tap()
    page.get_by_label("Bed target").fill("40")
    page.get_by_label("Bed target").press("Enter")
    page.wait_for_function(
        "() => fetch('/api/status').then((r) => r.json())"
        ".then((s) => s.printers.find((p) => p.id === 'cedar').temps.bed[1] === 40)"
    )


def test_the_other_pages_are_under_more(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = new_page(farm.url, **TOUCH)
    settle(page)
    for name in ("History", "Settings"):
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        expect(page.locator("#more-tabs")).to_be_hidden()

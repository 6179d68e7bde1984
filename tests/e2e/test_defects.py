"""The defect watch in a real browser: it looks, is switched off, cannot see, and pauses a print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.alerts.servers.vision import KEY, VisionServer, says
from tests.e2e.stage import DESK, PHONE, FarmProcess, card, entry, settle
from tests.e2e.test_accessibility import violations

pytestmark = pytest.mark.e2e
LONG_MS = 60_000
LOADED = "async img => { await img.decode(); return img.naturalWidth }"


def watching(vision: VisionServer, **more: Any) -> dict[str, Any]:
    """Settings of a watch that looks every ten seconds and believes one picture."""
    ai = {
        "provider": "openai", "base_url": vision.url, "api_key": KEY, "interval_s": 10,
        "first_layers": 0, "confirm_n": 1, "confirm_m": 1, "recheck_s": 5, "pause": True,
        "grace_s": 0, "printers": ["alder", "birch", "elm"], **more,
    }  # fmt: skip
    return {"ai": ai}


@pytest.fixture(scope="module")
def vision() -> Iterator[VisionServer]:
    with VisionServer() as server:
        assert isinstance(server, VisionServer)
        server.constant = says(False)
        yield server
        assert server.violations == []


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess], vision: VisionServer) -> FarmProcess:
    """Alder is watched, birch has no picture, cedar is not chosen, elm does not print."""
    names = (("alder", "printing"), ("birch", "printing"), ("cedar", "printing"), ("elm", "idle"))
    printers = [entry(name, "P1S", scenario) for name, scenario in names]
    farm = new_farm(
        printers, time_scale=2, settings=watching(vision),
        entry=("-m", "tests.e2e.quick_watch"),
    )  # fmt: skip
    farm.knobs("birch", camera_off=True, camera_stall=True)
    for name in ("alder", "birch", "cedar"):
        farm.wait_for(name, "printing")
    return farm


def watch_card(page: Page) -> Locator:
    return page.get_by_role("region", name="Defect watch")


def test_it_watches_and_is_switched_off_for_this_print(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{farm.url}/#/p/alder")
    watch = watch_card(page)
    expect(watch).to_contain_text(
        re.compile("Watching.*nothing suspicious · looked"), timeout=LONG_MS
    )
    switch = watch.get_by_role("switch", name="Watch this print")
    expect(switch).to_be_checked()
    switch.focus()
    page.keyboard.press("Space")
    expect(watch).to_contain_text("Not for this print")
    assert farm.printer("alder")["watch"]["state"] == "suspended"
    switch.check()
    expect(watch).to_contain_text("Watching", timeout=LONG_MS)


def test_one_look_now_says_what_was_seen(farm: FarmProcess, new_page: Callable[..., Page]) -> None:
    page = new_page(f"{farm.url}/#/p/elm")
    watch = watch_card(page)
    expect(watch).to_contain_text("It looks while Elm prints.")
    expect(watch.get_by_role("switch")).to_be_hidden()
    watch.get_by_role("button", name="Look now").click()
    said = watch.get_by_role("status")
    expect(said).to_contain_text("Looks good: nothing suspicious", timeout=LONG_MS)
    expect(said).to_contain_text("Nothing follows")


def test_blind_is_a_word_on_the_card_and_its_reason_on_the_page(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(farm.url)
    mark = page.locator(card("birch")).locator(".wmark")
    expect(mark).to_have_text("Not watched", timeout=LONG_MS)
    expect(mark.locator("use")).to_have_attribute("href", re.compile("#eyeoff$"))
    expect(page.locator(card("cedar")).locator(".wmark")).to_have_count(0)
    page.locator(card("birch")).get_by_role("link").click()
    expect(watch_card(page)).to_contain_text(re.compile("Cannot see.*Not watched: "))
    page.goto(f"{farm.url}/#/p/cedar")
    expect(watch_card(page)).to_contain_text("The settings name other printers")


def test_the_settings_say_what_it_does_and_costs(
    farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{farm.url}/#/settings")
    watch = watch_card(page)
    expect(watch).to_contain_text(re.compile(r"Questions today\d+ of 500"), timeout=LONG_MS)
    expect(watch).to_contain_text("google/gemini-2.5-flash by API")
    expect(watch.locator("li").filter(has_text="Birch")).to_contain_text("Cannot see")
    expect(watch).to_contain_text("print nothing now or are not watched.")
    mqtt = page.get_by_role("region", name="MQTT")
    expect(mqtt).to_contain_text("Off.")
    assert KEY not in page.content()
    for path in ("/metrics", "/api/openapi.json"):
        assert page.request.get(farm.url + path).ok
        expect(mqtt.get_by_role("link", name=path)).to_have_attribute("href", path)
    assert violations(page) == []


def test_off_in_the_settings_is_nowhere_on_the_page(
    new_farm: Callable[..., FarmProcess], new_page: Callable[..., Page]
) -> None:
    farm = new_farm([entry("oak", "P1S", "printing")])
    farm.wait_for("oak", "printing")
    page = new_page(f"{farm.url}/#/p/oak")
    expect(page.get_by_role("region", name="Camera")).to_be_visible()
    expect(page.get_by_text("Defect watch")).to_be_hidden()
    page.goto(f"{farm.url}/#/settings")
    expect(watch_card(page)).to_contain_text("No picture leaves this network")


def test_an_alarm_pauses_and_a_person_resumes(
    farm: FarmProcess, vision: VisionServer, new_page: Callable[..., Page], browser: Browser
) -> None:
    page = new_page(farm.url)
    settle(page)
    vision.constant = says(True)
    farm.wait_for("alder", "paused", seconds=60)
    pauses = [one for one in farm.requests("alder") if "'pause'" in str(one)]
    assert len(pauses) == 1
    task = page.locator(".task").filter(has_text="Alder")
    expect(task).to_contain_text("Paused by the farm's defect watch: loose strands of filament")
    assert task.locator(".proof img").evaluate(LOADED) >= 320
    seen = page.locator(card("alder"))
    expect(seen.locator(".wmark")).to_have_text("Looks wrong")
    expect(seen.locator(".eta")).to_contain_text("Paused by the farm's defect watch")
    assert seen.locator("img[data-from=proof]").evaluate(LOADED) >= 320
    for size in (DESK, PHONE):
        for theme in ("light", "dark"):
            looks_well(browser, farm, size, theme)
    task.get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("figure")).to_have_count(2)
    assert violations(page) == []
    dialog.get_by_role("button", name="Resume").click()
    farm.wait_for("alder", "printing")
    expect(task).to_contain_text("Seems to have failed: loose strands", timeout=LONG_MS)
    expect(task.get_by_role("button", name="Pause")).to_be_enabled()
    vision.constant = says(False)
    expect(task).to_have_count(0, timeout=LONG_MS)
    expect(seen.locator("img[data-from=proof]")).to_have_count(0)


def looks_well(browser: Browser, farm: FarmProcess, size: Any, theme: Any) -> None:
    """axe, and nothing sticks out, while a print is held."""
    context = browser.new_context(
        viewport=size, color_scheme=theme, bypass_csp=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(farm.url)
    expect(page.locator(".task .proof img")).to_be_visible()
    found = violations(page)
    page.goto(f"{farm.url}/#/p/alder")
    watch = watch_card(page)
    expect(watch).to_contain_text("Paused this print")
    assert watch.locator("img").evaluate(LOADED) >= 320
    found += violations(page)
    watch.get_by_role("button", name="The picture of Alder").click()
    expect(page.get_by_role("dialog").locator("img")).to_be_visible()
    found += violations(page)
    page.keyboard.press("Escape")
    page.goto(f"{farm.url}/#/settings")
    expect(watch_card(page).locator("li").filter(has_text="Alder")).to_be_visible()
    found += violations(page)
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()

"""What a newcomer sees: nothing that lies, nothing cut off, nothing said twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from simulator.plates import PlateSpec, build_gcode_3mf
from tests.e2e.stage import PHONE, FarmProcess, card, entry, settle

pytestmark = pytest.mark.e2e
LONG = "Großer Drucker im hinteren Raum neben der Tür, zweites Regal"
SHEETS = ["views", "alerts", "files", "history", "queue", "rig", "timelapses", "timeline"]
_MOVED_BY_OTHERS = """async (names) => {
    const own = new Set([...document.styleSheets].map((sheet) => sheet.href.split('/').pop()));
    const links = names.filter((name) => !own.has(`${name}.css`)).map((name) => {
        const link = document.createElement('link');
        return Object.assign(link, { rel: 'stylesheet', href: `/static/css/${name}.css` });
    });
    await Promise.all(links.map((link) => new Promise((done, failed) => {
        Object.assign(link, { onload: done, onerror: failed });
        document.head.append(link);
    })));
    const shown = [...document.querySelectorAll('main *')].filter((e) => e.getClientRects().length);
    const look = (on) => {
        for (const link of links) link.sheet.disabled = !on;
        return shown.map((e) => {
            const { x, y, width, height } = e.getBoundingClientRect();
            const { color, fontSize, backgroundColor } = getComputedStyle(e);
            return [x, y, width, height, color, fontSize, backgroundColor].join();
        });
    };
    const alone = look(false);
    const beside = look(true);
    const named = shown.map((e) => `${e.tagName} ${e.getAttribute('class') ?? ''}`);
    return named.filter((_, i) => alone[i] !== beside[i]);
}"""
"""What other pages' style sheets, which stay once their page was visited, change on this page."""


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    away = {"id": "gone", "name": "Gone", "type": "octoprint", "model": "MK3S",
            "url": "http://127.0.0.1:9", "api_key": "abcdefgh"}  # fmt: skip
    farm = new_farm(
        [
            entry("alder", "X1C", "printing", name=LONG),
            entry("cedar", "P1S"),
            entry("fir", "A1", "paused_filament"),
            away,
        ],
        time_scale=1.0,
        settings={"timelapse": {"enabled": True}},
    )
    for name, state in (("alder", "printing"), ("cedar", "ready"), ("fir", "paused")):
        farm.wait_for(name, state)
    farm.wait_for("gone", "offline")
    file = farm.upload("hook.gcode.3mf", build_gcode_3mf([PlateSpec(minutes=40)], model="X1C"))
    wish = {"file_id": file["id"], "plate": 1, "target": {"printer_id": "alder"}, "copies": 3}
    assert farm.api("POST", "/api/jobs", wish)[0] == 201
    return farm


@pytest.fixture
def open_route(farm: FarmProcess, new_page: Callable[..., Page]) -> Callable[..., Page]:
    def open_it(route: str, **options: object) -> Page:
        page = new_page(f"{farm.url}/#/{route}", **options)
        settle(page)
        return page

    return open_it


PAGES = {
    "": ".un-all",
    "p/alder": ".trow",
    "p/fir": ".notices li",
    "queue": ".qrow",
    "files": ".lib a",
    "history": "h1",
    "timelapses": ".tl-grid > li",
    "alerts": ".al",
    "settings": ".addr",
}


@pytest.mark.parametrize("route", PAGES)
def test_a_page_looks_the_same_whatever_was_visited_before(
    route: str, open_route: Callable[..., Page]
) -> None:
    page = open_route(route)
    expect(page.locator(PAGES[route]).first).to_be_visible()
    assert page.evaluate(_MOVED_BY_OTHERS, SHEETS) == []


def test_of_one_line_the_first_sentence_is_shown_without_dots(
    open_route: Callable[..., Page],
) -> None:
    page = open_route("")
    eta = page.locator(f"{card('alder')} .eta")
    for view in ("List", "Cameras"):
        page.get_by_role("button", name=view, exact=True).click()
        expect(eta).to_contain_text("left · done")
        box = eta.evaluate(
            "(e) => ({ clamped: getComputedStyle(e).webkitLineClamp, wide: e.scrollWidth,"
            " fits: e.clientWidth, high: e.clientHeight,"
            " line: Number.parseFloat(getComputedStyle(e).lineHeight) })"
        )
        assert box["wide"] <= box["fits"], view
        assert box["high"] < box["line"] * 1.5, view
        assert eta.evaluate("(e) => getComputedStyle(e).display") == "block", "no clamp, no dots"


def test_a_file_fits_a_printer_that_is_only_busy(open_route: Callable[..., Page]) -> None:
    page = open_route("files")
    page.get_by_role("link", name="hook").click()
    rows = page.locator(".ffits > li")
    busy = rows.filter(has_text=LONG)
    expect(busy).to_contain_text("Fits, but not now.")
    expect(busy).to_have_class("t-idle")
    expect(rows.filter(has_text="Fir")).to_have_class("t-fault")
    expect(rows.filter(has_text="Fir")).not_to_contain_text("paused")
    order = rows.locator("b").all_text_contents()
    assert order.index("Cedar") < order.index(LONG) < order.index("Fir")


def test_of_a_printer_that_is_away_no_job_is_claimed_or_denied(
    open_route: Callable[..., Page],
) -> None:
    page = open_route("p/gone")
    expect(page.locator(".job h2")).to_have_text("Not seen yet")


def test_a_filament_that_ran_out_is_one_notice_and_its_slot_keeps_its_name(
    open_route: Callable[..., Page],
) -> None:
    page = open_route("p/fir")
    notices = page.locator(".notices li")
    expect(notices).to_have_count(1)
    expect(notices).to_have_class("t-warn")
    expect(notices.locator("b")).to_have_text("Filament ran out in A1")
    expect(page.locator(".slots button.on")).to_contain_text("A1 · In use")


def test_on_a_phone_what_the_printer_is_has_a_line_of_its_own(
    open_route: Callable[..., Page],
) -> None:
    page = open_route("p/fir", viewport=PHONE, has_touch=True, is_mobile=True)
    facts = page.locator(".printer-page .ttl p")
    expect(facts).to_contain_text("Wi-Fi")
    assert facts.evaluate("(e) => e.clientWidth") > 280, "not in a column beside the state"


def test_on_a_phone_it_is_said_what_is_free_next(open_route: Callable[..., Page]) -> None:
    page = open_route("", viewport=PHONE, has_touch=True, is_mobile=True)
    expect(page.locator(".nextfree")).to_be_visible()
    expect(page.locator(".nextfree")).to_contain_text(LONG)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

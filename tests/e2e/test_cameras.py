"""Cameras in a real browser: a live picture, a wall of twelve, and nothing that streams unseen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import PHONE, FarmProcess, entry
from tests.e2e.test_accessibility import violations

MODELS = ("P1S", "X1C", "A1", "P1P", "A1 mini", "P1S", "P1S", "A1", "P1P", "P2S", "P1S", "A1")
NAMES = (
    "alder", "birch", "cedar", "elm", "fir", "hazel", "juniper", "larch", "maple", "oak", "rowan",
    "spruce",
)  # fmt: skip
_HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture(scope="module")
def wall_farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    printers = [entry(name, model) for name, model in zip(NAMES, MODELS, strict=True)]
    farm = new_farm(printers)
    for name in ("alder", "birch"):
        farm.wait_for(name, "ready")
        farm.knobs(name, camera_fps=4.0)
    return farm


def streams(farm: FarmProcess) -> int:
    return int(farm.api("GET", "/api/cameras")[1]["streams"])


def connections(farm: FarmProcess) -> int:
    found = psutil.Process(farm.pid).net_connections("tcp")
    return sum(c.status == "ESTABLISHED" and c.laddr.port == farm.port for c in found)


def wait_until(what: Callable[[], bool], words: str, seconds: float = 30.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if what():
            return
        pause.wait(0.1)
    raise AssertionError(words)


def open_wall(new_page: Callable[..., Page], farm: FarmProcess, **more: Any) -> Page:
    page = new_page(farm.url, **more)
    page.evaluate("localStorage.setItem('farm', JSON.stringify({ mode: 'wall' }))")
    page.reload()
    return page


@pytest.mark.e2e
@pytest.mark.parametrize("printer", ["alder", "birch"])
def test_the_picture_on_the_printer_page_is_live_and_says_how_it_is_doing(
    wall_farm: FarmProcess, new_page: Callable[..., Page], printer: str
) -> None:
    page = new_page(f"{wall_farm.url}/#/p/{printer}")
    card = page.locator(".cam")
    expect(card).to_contain_text("Live", timeout=30_000)
    picture = card.locator("img")
    first = picture.get_attribute("src")
    wait_until(lambda: picture.get_attribute("src") != first, "the picture stands still")
    assert picture.evaluate("img => img.naturalWidth") == 1280
    card.get_by_role("button", name="Details").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1280 × 720 pixels")
    source = "RTSPS" if printer == "birch" else "pictures over TLS"
    expect(dialog).to_contain_text(source)
    assert violations(page) == []
    dialog.get_by_role("button", name="Close").click()
    page.goto(f"{wall_farm.url}/#/queue")
    wait_until(lambda: streams(wall_farm) == 0, "the stream goes on after the page was left")


@pytest.mark.e2e
def test_a_wall_of_twelve_has_three_live_and_none_when_nobody_can_see_it(
    wall_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = open_wall(new_page, wall_farm, viewport={"width": 1440, "height": 1500})
    tiles = page.locator("pf-printer-card")
    expect(tiles).to_have_count(12)
    shown = page.locator("pf-printer-card img[data-from=camera]:visible")
    expect(shown).to_have_count(12, timeout=40_000)
    wait_until(lambda: streams(wall_farm) == 3, "not three live pictures")
    expect(page.locator(".shot .age.live")).to_have_count(3)
    busy = connections(wall_farm)
    page.evaluate(_HIDE, True)
    wait_until(lambda: streams(wall_farm) == 0, "hidden, and still streaming")
    wait_until(lambda: connections(wall_farm) <= busy - 3, "hidden, and still connected")
    page.evaluate(_HIDE, False)
    wait_until(lambda: streams(wall_farm) == 3, "not live again")
    tiles.nth(11).hover()
    wait_until(
        lambda: tiles.nth(11).locator(".age.live").count() == 1, "the one pointed at is not live"
    )
    assert streams(wall_farm) <= 4  # the one that made way may just be ending
    assert violations(page) == []
    page.get_by_role("button", name="Cards").click()
    wait_until(lambda: streams(wall_farm) == 0, "streams go on in the card view")


@pytest.mark.e2e
def test_what_is_scrolled_away_does_not_stream(
    wall_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = open_wall(new_page, wall_farm, viewport=PHONE)
    wait_until(lambda: 1 <= streams(wall_farm) <= 3, "nothing is live")
    first = page.locator("pf-printer-card").first
    expect(first.locator(".age.live")).to_be_visible(timeout=30_000)
    page.locator("pf-printer-card").last.scroll_into_view_if_needed()
    expect(first.locator(".age.live")).to_have_count(0, timeout=15_000)
    page.close()
    wait_until(lambda: streams(wall_farm) == 0, "streams go on after the page was closed")


@pytest.mark.e2e
def test_a_camera_that_fails_shows_no_old_picture_as_live(
    wall_farm: FarmProcess, new_page: Callable[..., Page]
) -> None:
    page = new_page(f"{wall_farm.url}/#/p/cedar")
    card = page.locator(".cam")
    expect(card).to_contain_text("Live", timeout=30_000)
    wall_farm.knobs("cedar", camera_stall=True)
    expect(card.locator(".frame")).to_have_class("frame is-old", timeout=30_000)
    expect(card.get_by_text("Live", exact=True)).to_be_hidden()
    wall_farm.knobs("cedar", camera_stall=False)
    expect(card.get_by_text("Live", exact=True)).to_be_visible(timeout=60_000)


@pytest.mark.e2e
def test_two_viewers_snapshots_and_a_timelapse_are_one_client_to_the_camera(
    new_farm: Callable[..., FarmProcess], new_page: Callable[..., Page]
) -> None:
    """An A1's camera takes one client, and throws it out when a second comes."""
    farm = new_farm(
        [entry("fir", "A1", "printing")],
        settings={"timelapse": {"enabled": True, "mode": "interval", "every_s": 1}},
    )
    farm.wait_for("fir", "printing")
    farm.knobs("fir", camera_fps=4.0)
    pages = [new_page(f"{farm.url}/#/p/fir") for _ in range(2)]
    for page in pages:
        expect(page.locator(".cam")).to_contain_text("Live", timeout=30_000)
    for _ in range(10):
        assert farm.api("GET", "/api/camera/snapshot?printer_id=fir&max_age=1")[0] == 200

    def frames() -> int:
        return sum(one["frames"] for one in farm.api("GET", "/api/timelapses")[1]["timelapses"])

    wait_until(lambda: frames() >= 3, "the timelapse has no frames")
    assert streams(farm) == 2
    guests = farm.camera_guests("fir")
    assert guests["viewers"] >= 1 and guests["crowded"] == 0

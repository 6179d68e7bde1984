"""A rig's own program (mock pins, test card) and a person who gives it orders in a real browser."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.stage import DESK, PHONE, FarmProcess, entry, settle
from tests.e2e.test_accessibility import violations
from tests.rig.rig_process import RigProcess
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e
TOKEN = "canary-token-of-the-rig-0815"
LONG_MS = 60_000  # a video is made at the lowest priority


@pytest.fixture(scope="module")
def farm(new_farm: Callable[..., FarmProcess]) -> FarmProcess:
    """An A1 with a rig beside it, and a rig of the room."""
    rigs = [
        {"id": "a1-rig", "name": "Rig", "printer": "alder", "token": TOKEN},
        {"id": "bench", "name": "Bench", "token": TOKEN},
    ]
    farm = new_farm([entry("alder", "A1")], settings={"rigs": rigs})
    farm.wait_for("alder", "ready")
    return farm


@pytest.fixture
def start_rig(farm: FarmProcess, tmp_path: Path) -> Iterator[Callable[[str], RigProcess]]:
    sensor = tmp_path / "sensor"
    sensor.mkdir()
    for name, value in (("in_temp_input", 23400), ("in_humidityrelative_input", 38200)):
        (sensor / name).write_text(str(value))
    rigs: list[RigProcess] = []

    def start(rig_id: str) -> RigProcess:
        rig = RigProcess(
            tmp_path / rig_id, server=farm.url, rig=rig_id, token=TOKEN, follow="off",
            sensor={"kind": "iio", "path": str(sensor)},
        )  # fmt: skip
        rigs.append(rig)
        rig.start()
        return rig

    yield start
    for rig in rigs:
        rig.end(signal.SIGKILL)


def card_of(page: Page) -> Locator:
    settle(page)
    return page.locator(".rig")


def press(card: Locator, name: str) -> None:
    card.get_by_role("button", name=name).click()


def frames_of(farm: FarmProcess, rig_id: str = "a1-rig") -> int:
    rigs = farm.api("GET", "/api/rigs")[1]["rigs"]
    return int(next(rig["frames"] for rig in rigs if rig["id"] == rig_id))


def test_a_recording_from_the_first_press_to_its_video(
    farm: FarmProcess, start_rig: Callable[[str], RigProcess], new_page: Callable[..., Page]
) -> None:
    rig = start_rig("a1-rig")
    page = new_page(f"{farm.url}/#/p/alder")
    card = card_of(page)
    expect(card).to_contain_text("Ready")
    expect(card).to_contain_text("23.4\u00a0°C")
    expect(card).to_contain_text("38\u00a0%")
    press(card, "Take a photo")
    expect(card.get_by_role("status").first).to_contain_text("Taken.")
    assert wait_for(lambda: list(rig.folder.glob("Photos/*.jpg")))

    press(card, "Start recording")
    expect(card).to_contain_text("Recording")
    expect(card.get_by_role("button", name="Start recording")).to_be_hidden()
    assert rig.lamps() == ["green"]
    stop = card.get_by_role("button", name="Stop and make the video")
    expect(stop).to_have_attribute("aria-disabled", "true")  # there is nothing to make it of
    for count in (1, 2):
        press(card, "Take a frame")
        expect(card).to_contain_text(f"{count} frame{'s' if count > 1 else ''}, since")
    rig.click(1)  # whoever stands beside it presses too
    expect(card).to_contain_text("3 frames, since")
    press(card, "Pause recording")
    expect(card).to_contain_text("Recording paused")
    assert rig.lamps() == ["yellow"]
    press(card, "Resume recording")
    expect(card.get_by_role("button", name="Pause recording")).to_be_visible()
    stop.click()
    card.get_by_text("What happened lately").click()
    expect(card).to_contain_text("Video ready", timeout=LONG_MS)
    assert len(rig.videos()) == 1 and rig.videos()[0].name in card.inner_text()
    expect(card.get_by_role("button", name="Start recording")).to_be_visible()


def test_frames_are_deleted_only_after_a_yes(
    farm: FarmProcess, start_rig: Callable[[str], RigProcess], new_page: Callable[..., Page]
) -> None:
    rig = start_rig("a1-rig")
    card = card_of(page := new_page(f"{farm.url}/#/p/alder"))
    press(card, "Start recording")
    press(card, "Take a frame")
    expect(card).to_contain_text("1 frame, since")
    press(card, "Stop without a video")
    dialog = page.get_by_role("dialog", name="Stop without a video?")
    expect(dialog).to_contain_text("1 frame of this recording")
    expect(dialog.get_by_role("button", name="Keep recording")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert len(rig.frames()) == 1 and frames_of(farm) == 1
    press(card, "Stop without a video")
    page.get_by_role("button", name="Delete the frames").click()
    expect(card).to_contain_text("its frames are deleted")
    assert rig.frames() == [] and rig.videos() == []


def test_a_rig_that_leaves_is_shown_as_away_and_takes_no_orders(
    farm: FarmProcess, start_rig: Callable[[str], RigProcess], new_page: Callable[..., Page]
) -> None:
    rig = start_rig("a1-rig")
    card = card_of(page := new_page(f"{farm.url}/#/p/alder"))
    press(card, "Start recording")
    expect(card.get_by_role("button", name="Pause recording")).to_be_visible()
    rig.end(signal.SIGKILL)  # the plug is pulled
    expect(card).to_contain_text("Not connected")
    expect(card).to_contain_text("It was recording then")
    pause = card.get_by_role("button", name="Pause recording")
    expect(pause).to_have_attribute("aria-disabled", "true")
    pause.click(force=True)
    expect(page.locator(".why")).to_contain_text("The rig is not connected to the farm.")
    card.get_by_text("How often").click()
    card.get_by_label("Reports every").fill("2")
    card.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("the rig gets these when it connects")
    rig.start()
    expect(card).to_contain_text("frames, since")
    expect(card.get_by_text("the rig gets these when it connects")).to_be_hidden()
    press(card, "Stop without a video")  # no frame, so no question
    expect(card.get_by_role("button", name="Start recording")).to_be_visible()


def test_delays_are_checked_sent_and_confirmed(
    farm: FarmProcess, start_rig: Callable[[str], RigProcess], new_page: Callable[..., Page]
) -> None:
    start_rig("a1-rig")
    card = card_of(new_page(f"{farm.url}/#/p/alder"))
    card.get_by_text("How often").click()
    field = card.get_by_label("Measures every")
    field.fill("1")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(card.get_by_role("alert")).to_have_text("Measures every: From 2 to 3600 seconds.")
    field.fill("4")
    expect(card.get_by_role("alert")).to_be_hidden()
    field.press("Enter")

    def used() -> Any:
        rigs = farm.api("GET", "/api/rigs")[1]["rigs"]
        return next(rig["delays"].get("temphum_delay") for rig in rigs if rig["id"] == "a1-rig")

    wait_for(lambda: used() == 4, "the rig to take its delay")
    expect(card.get_by_text("confirms them with its next report")).to_be_hidden()
    expect(field).to_have_value("4")


def test_a_refusal_is_shown_in_the_rigs_words(
    farm: FarmProcess, start_rig: Callable[[str], RigProcess], new_page: Callable[..., Page]
) -> None:
    """Two people press at the same time: the page of the second does not know it yet."""
    start_rig("a1-rig")
    card = card_of(page := new_page(f"{farm.url}/#/p/alder"))
    expect(card.get_by_role("button", name="Start recording")).to_be_visible()
    page.route(
        "**/api/rigs/*/orders",
        lambda route: (
            farm.api("POST", "/api/rigs/a1-rig/orders", {"action": "start"}),
            route.continue_(),
        ),
    )
    press(card, "Start recording")
    expect(card.get_by_role("status").first).to_contain_text("A recording runs already.")
    farm.api("POST", "/api/rigs/a1-rig/orders", {"action": "discard"})


def test_by_keyboard_the_focus_stays_with_the_orders(
    farm: FarmProcess, start_rig: Callable[[str], RigProcess], new_page: Callable[..., Page]
) -> None:
    start_rig("a1-rig")
    card = card_of(page := new_page(f"{farm.url}/#/p/alder"))
    card.get_by_role("button", name="Start recording").focus()
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Pause recording")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Resume recording")).to_be_focused()
    for name in ("Stop and make the video", "Take a frame", "Stop without a video"):
        page.keyboard.press("Tab")
        expect(card.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Start recording")).to_be_focused()


def test_a_rig_of_the_room_is_reached_from_the_settings(
    farm: FarmProcess, start_rig: Callable[[str], RigProcess], new_page: Callable[..., Page]
) -> None:
    start_rig("bench")
    page = new_page(f"{farm.url}/#/settings")
    settle(page)
    rigs = page.locator("section", has=page.get_by_role("heading", name="Rigs"))
    expect(rigs).to_contain_text("beside Alder")
    expect(rigs).to_contain_text("the room · Ready")
    rigs.get_by_role("link", name="Bench").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bench")
    expect(page.locator(".cam")).to_contain_text("Live")
    press(page.locator(".rig"), "Start recording")
    expect(page.locator(".rig")).to_contain_text("0 frames, since")
    page.go_back()
    expect(rigs).to_contain_text("the room · Recording")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    farm: FarmProcess,
    start_rig: Callable[[str], RigProcess],
    new_page: Callable[..., Page],
    size: dict[str, int],
    theme: str,
) -> None:
    look = {"viewport": size, "color_scheme": theme, "bypass_csp": True, "reduced_motion": "reduce"}
    rig = start_rig("a1-rig")
    page = new_page(f"{farm.url}/#/p/alder", **look)
    card = card_of(page)
    for words in ("How often", "What happened lately"):
        card.get_by_text(words).click()
    assert violations(page) == []
    press(card, "Start recording")
    press(card, "Take a frame")
    expect(card).to_contain_text("1 frame, since")
    assert violations(page) == []
    rig.end(signal.SIGKILL)
    expect(card).to_contain_text("Not connected")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{farm.url}/#/rig/a1-rig")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rig")
    assert violations(page) == []

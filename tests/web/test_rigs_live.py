"""Rigs on the panel's live line: a snapshot with all of them, then patches (docs/rig.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import websocket

from tests.web.test_rig_api import RIGS, ask, dial, say, until
from web.merge import apply


@pytest.fixture
def farm(make_farm: Callable[..., Any]) -> Any:
    return make_farm(rigs=RIGS)


@pytest.fixture
def line(farm: Any) -> Iterator[websocket.WebSocket]:
    opened = dial(farm)
    assert until(opened, "welcome")
    yield opened
    opened.shutdown()


class Panel:
    """What a page knows of the rigs."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self.rigs = {rig["id"]: rig for rig in page.until("snapshot")["rigs"]}

    def wait(self, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Follow the patches until it is true of the rig "rig", and return that."""
        while not true(self.rigs["rig"]):
            self.rigs = apply(self.rigs, self._page.until("delta").get("r", {}))
        return dict(self.rigs["rig"])


def test_a_page_follows_a_rig_from_its_coming_to_its_leaving(
    farm: Any, kit: SimpleNamespace
) -> None:
    began = int(farm.services.clock.time()) - 60
    with kit.page(farm) as page:
        panel = Panel(page)
        rig, spare = panel.rigs["rig"], panel.rigs["spare"]
        assert rig["printer_id"] == "alder" and spare["printer_id"] == "", "of the room, and told"
        assert rig["online"] is False and rig["since"] is None and rig["state"] == ""
        line = dial(farm)
        assert panel.wait(lambda rig: rig["online"])["since"] > 0
        delays = {"status_delay": 10, "temphum_delay": 30, "image_delay": 1}
        say(line, t="status", state="recording", session="s1", name="gear",
            started_at=began, frames=7, disk_free_mb=900, delays=delays,
            readings={"temperature": 21.5, "humidity": 40, "age": 0})  # fmt: skip
        rig = panel.wait(lambda rig: rig["state"] == "recording")
        assert (rig["session"], rig["print"], rig["frames"]) == ("s1", "gear", 7)
        assert rig["started_at"] == began and rig["disk_free_mb"] == 900 and rig["delays"] == delays
        assert rig["env"]["temperature"] == 21.5 and rig["env"]["humidity"] == 40
        line.close()
        rig = panel.wait(lambda rig: not rig["online"])
        assert rig["state"] == "recording", "what it said last; that it is away is said too"


def test_the_answer_to_an_order_reaches_the_page(
    farm: Any, line: websocket.WebSocket, kit: SimpleNamespace
) -> None:
    with kit.page(farm) as page:
        panel = Panel(page)
        _, answer = ask(farm, kit, "/api/rigs/rig/orders", {"action": "stop"})
        assert until(line, "do")["id"] == answer["order"]
        say(line, t="event", id="d1", at=1, event="done", order=answer["order"], action="stop",
            ok=False, why="Nothing is being recorded.")  # fmt: skip
        say(line, t="event", id="e1", at=2, event="photo", name="p.jpg")
        rig = panel.wait(lambda rig: rig["answers"] and rig["events"])
        told = rig["answers"][-1]
        assert told["order"] == answer["order"] and told["ok"] is False
        assert told["why"] == "Nothing is being recorded."
        assert [event["event"] for event in rig["events"]] == ["photo"]


def test_delays_are_kept_for_a_rig_that_is_away(farm: Any, kit: SimpleNamespace) -> None:
    with kit.page(farm) as page:
        panel = Panel(page)
        assert ask(farm, kit, "/api/rigs/rig/settings", {"status_delay": 5})[0] == 200
        rig = panel.wait(lambda rig: rig.get("wanted"))
        assert rig["wanted"] == {"status_delay": 5} and not rig["delays"]
        line = dial(farm)
        assert until(line, "settings")["status_delay"] == 5
        line.shutdown()


def test_the_time_of_a_recording_is_by_the_farms_clock(
    farm: Any, line: websocket.WebSocket, kit: SimpleNamespace
) -> None:
    """A Pi has no clock of its own: it may start in another year."""
    now = farm.services.clock.time()
    say(line, t="hello", v=1, version="1.0", now=1000.0)
    say(line, t="status", state="recording", session="s1", started_at=940.0)
    with kit.page(farm) as page:
        rig = Panel(page).wait(lambda rig: rig.get("started_at"))
    assert now - 61 <= rig["started_at"] <= farm.services.clock.time() - 59

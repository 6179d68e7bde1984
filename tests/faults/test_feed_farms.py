"""The bridge against another farm's feed, as processes: a line that is cut, pictures that stall, a
server that is restarted; and alerts that go on through all of it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.servers.telegram import TOKEN, TelegramServer
from tests.faults.feed_line import Line, Process
from tests.waiting import free_port, wait_for

CHAT = "-1001234567890"
LEAST_S, MOST_S, PICTURES_S = 0.3, 1.0, 5.0
SLACK_S = 15.0
"""A busy machine may be late; it is never early."""


class Scene:
    """alder prints at the far farm; the bridge looks at it through the line."""

    def __init__(self, folder: Path) -> None:
        self.knobs = free_port()
        printer = {
            "id": "alder", "name": "Alder", "type": "bambu", "model": "P1S", "simulate": True,
            "options": {"scenario": "printing"},
        }  # fmt: skip
        config = {
            "printers": [printer],
            "simulation": {"time_scale": 10.0, "control_port": self.knobs},
        }
        (folder / "far.json").write_text(json.dumps(config))
        self.telegram = TelegramServer()
        self.telegram.chat(int(CHAT))
        self.far = Process(folder / "far", "--config", str(folder / "far.json"))
        self.line = Line(self.far.port)
        self.bridge = Process(
            folder / "bridge", "--bridge",
            WS_URL=f"ws://127.0.0.1:{self.line.port}/ws/printer/{{printer_id}}",
            PRINTER_ID="alder", PRINTER_NAME="Alder", IMAGE_TIMEOUT_SECONDS=str(PICTURES_S),
            RECONNECT_MIN_SECONDS=str(LEAST_S), RECONNECT_MAX_SECONDS=str(MOST_S),
            TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_CHAT_ID=CHAT, TELEGRAM_API_URL=self.telegram.url,
        )  # fmt: skip

    def close(self) -> None:
        self.bridge.stop()
        self.line.close()
        self.far.stop()
        self.telegram.close()

    def seen(self) -> dict[str, Any]:
        return self.bridge.printer("alder")

    def shows(self, state: str) -> dict[str, Any]:
        wait_for(lambda: self.seen()["state"] == state, lambda: f"{state}: {self.seen()}")
        return self.seen()

    def at_far(self, action: str) -> None:
        assert self.far.ask(f"/api/printers/alder/{action}", {})[0] == 202

    def runs_out(self) -> None:
        """The filament at the far farm: somebody must act now."""
        self._control("actions/runout")

    def knob(self, **values: Any) -> None:
        self._control("knobs", **values)

    def _control(self, what: str, **values: Any) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.knobs}/printers/alder/{what}", json.dumps(values).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    def told(self, words: str) -> int:
        """How many messages a person got with these words."""
        calls = list(self.telegram.calls)
        return sum(words in call.text for call in calls if call.method.startswith("send"))

    def picture(self) -> bytes:
        status, body = self.bridge.ask("/api/printer/alder/image")
        return body if status == 200 else b""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    built = Scene(tmp_path_factory.mktemp("feeds"))
    try:
        built.shows("printing")
        yield built
    finally:
        built.close()
    assert "Traceback" not in built.bridge.log + built.far.log
    assert TOKEN not in built.bridge.log
    assert built.telegram.violations == []


def test_the_bridge_serves_status_and_picture_and_takes_no_orders(scene: Scene) -> None:
    assert scene.bridge.ask("/api/") == (200, b"OK")
    there, here = scene.far.printer("alder"), scene.seen()
    for part in ("model", "ams", "fans", "light", "firmware", "nozzles"):
        assert here[part] == there[part], part
    assert here["job"]["name"] == there["job"]["name"] and not here["job"]["local"]
    assert here["name"] == "Alder" and here["kind"] == "feed" and here["caps"] == []
    assert not here["bed"]["clear"] and here["bed"]["why"] == ""
    wait_for(scene.picture)
    assert scene.picture().startswith(b"\xff\xd8\xff")
    status, body = scene.bridge.ask("/api/printers/alder/pause", {})
    assert (status, json.loads(body)["error"]["message"]) == (
        409, "Alder is shown from another farm; control it there.",
    )  # fmt: skip
    assert scene.far.printer("alder")["state"] == "printing"


def test_a_cut_line_is_tried_again_within_the_bounds_and_what_happened_meanwhile_is_told(
    scene: Scene,
) -> None:
    told = scene.told("ilament")
    before = len(scene.line.accepted)
    scene.line.cut()
    scene.shows("offline")
    scene.runs_out()
    wait_for(lambda: len(scene.line.accepted) >= before + 5)
    scene.line.heal()
    scene.shows("paused")
    gaps = [b - a for a, b in pairwise(scene.line.accepted[before:])]
    assert all(LEAST_S <= gap <= MOST_S + SLACK_S for gap in gaps), gaps
    assert all(gap >= MOST_S / 2 for gap in gaps[1:4]), gaps  # they have grown
    wait_for(lambda: scene.told("ilament") == told + 1, lambda: str(scene.telegram.calls))
    scene.at_far("resume")
    scene.shows("printing")


def test_stalled_pictures_open_the_connection_anew_while_the_printer_goes_on(
    scene: Scene,
) -> None:
    wait_for(scene.picture)
    scene.knob(camera_stall=True)
    began, before = time.monotonic(), len(scene.line.accepted)
    states = set()
    wait_for(lambda: states.add(scene.seen()["state"]) or len(scene.line.accepted) > before)
    assert scene.line.accepted[before] - began <= PICTURES_S + MOST_S + SLACK_S
    assert scene.line.accepted[before] - began >= PICTURES_S - 2.0  # the last one may be older
    assert states == {"printing"}
    scene.knob(camera_stall=False)
    wait_for(scene.picture)


def test_a_restarted_server_is_found_again_and_alerts_go_on(scene: Scene) -> None:
    scene.far.stop()
    assert "closed" in scene.shows("offline")["message"]
    scene.far.start()
    shown = scene.shows("printing")
    assert shown["conn"]["online"] and not shown["conn"]["stale"]
    told = scene.told("ilament")
    scene.runs_out()
    wait_for(lambda: scene.told("ilament") == told + 1, lambda: str(scene.telegram.calls))


def test_farms_that_look_at_each_other_in_a_circle_say_so_and_a_bridge_of_a_bridge_works(
    scene: Scene, tmp_path: Path
) -> None:
    """A farm with a printer that shows itself, two that show each other, and one that it is shown
    by the bridge."""
    port = free_port()
    urls = {
        "mirror": f"ws://127.0.0.1:{port}",  # itself
        "left": f"ws://127.0.0.1:{port}/ws/printer/right",  # one of two that show each other
        "right": f"ws://127.0.0.1:{port}/ws/printer/left",
        "alder": f"ws://127.0.0.1:{scene.bridge.port}",
    }
    printers = [{"id": name, "type": "feed", "url": url} for name, url in urls.items()]
    (tmp_path / "near.json").write_text(json.dumps({"printers": printers}))
    near = Process(tmp_path / "near", "--config", str(tmp_path / "near.json"), port=port)
    try:
        for name in ("mirror", "left", "right"):
            wait_for(lambda name=name: "leads back to this farm" in near.printer(name)["message"])
            assert near.printer(name)["job"] is None
        told = scene.far.printer("alder")["job"]["name"]
        wait_for(lambda: (near.printer("alder")["job"] or {}).get("name") == told)
        assert near.printer("alder")["model"] == "P1S"
    finally:
        near.stop()
    assert "Traceback" not in near.log

"""A whole simulated print through the real server, told on every kind of channel, with a kill -9 in
its middle: strict services on loopback get exactly what they should, and nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.workshop import NoAnswer, Printers, Server
from simulator.plates import PlateSpec, build_gcode_3mf
from tests.alerts.servers.hook import SECRET, HookServer
from tests.alerts.servers.ntfy import NtfyServer
from tests.alerts.servers.obico import TOKEN as OBICO_TOKEN
from tests.alerts.servers.obico import ObicoServer
from tests.alerts.servers.smtp import SmtpServer
from tests.alerts.servers.telegram import TelegramServer
from tests.alerts.servers.vision import KEY, VisionServer
from tests.waiting import wait_for

CHAT, TOPIC = -1001234567890, 12
PHOTO_S = 15.0
MINUTES, TIME_SCALE = 40.0, 60.0
TIMING = {"evidence_s": 10.0, "batch_s": 0.05, "tick_s": 0.2}


class Services:
    """Everybody whom the farm tells."""

    def __init__(self) -> None:
        self.telegram = TelegramServer()
        self.telegram.chat(CHAT, TOPIC)
        self.mail, self.ntfy, self.hook = SmtpServer(), NtfyServer(), HookServer()
        self.vision, self.obico = VisionServer(), ObicoServer()

    @property
    def all(self) -> tuple[Any, ...]:
        return (self.telegram, self.mail, self.ntfy, self.hook, self.vision, self.obico)

    def close(self) -> None:
        for one in self.all:
            one.close()

    def settings(self, live: bool, ai: dict[str, Any]) -> dict[str, Any]:
        telegram = {
            "name": "phone", "type": "telegram", "token": self.telegram.token, "live": live,
            "chat_id": str(CHAT), "thread_id": TOPIC, "api": self.telegram.url,
        }  # fmt: skip
        channels = [
            telegram,
            {"name": "mail", "type": "apprise", "url": self.mail.url},
            {"name": "push", "type": "apprise", "url": self.ntfy.url},
            {"name": "hook", "type": "webhook", "url": self.hook.url, "secret": SECRET},
        ]
        rules = [
            {"name": "everything", "channels": ["phone", "hook"], "group_s": 0,
             "events": ["now", "soon", "info"]},
            {"name": "urgent", "channels": ["mail", "push"], "group_s": 0,
             "events": ["now", "soon"]},
        ]  # fmt: skip
        alerts = {
            "channels": [{**one, "per_minute": 600} for one in channels], "rules": rules,
            "progress_step": 5, "photo_interval_s": PHOTO_S, "due_min": 0, "disk_mb": 1,
        }  # fmt: skip
        return {"alerts": alerts, "ai": ai}

    def events(self) -> list[dict[str, Any]]:
        """As the webhook has heard of them, in order of their arrival."""
        return [event for body in self.hook.bodies for event in body["events"]]

    def heard(self, kind: str, key: str | None = None) -> bool:
        return any(
            e["kind"] == kind and not e["ends"] and key in (None, e["key"]) for e in self.events()
        )


@pytest.fixture
def services() -> Iterator[Services]:
    services = Services()
    yield services
    services.close()
    assert [one.violations for one in services.all] == [[]] * len(services.all)


class Shop:
    """One P1S with a camera, and the server that is killed."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        entries = [{"id": "alder", "name": "Alder", "type": "bambu", "model": "P1S"}]
        self.printers = Printers(entries, folder / "printers", TIME_SCALE, cameras=True)
        self.printers.knobs("alder", camera_fps=4.0)
        self.server = Server(folder, self.printers.entries, timing=TIMING, settings=settings)

    def close(self) -> None:
        code = self.server.stop()
        self.printers.close()
        assert code == 0, self.server.log()[-3000:]

    def start(self) -> None:
        plate = PlateSpec(name="gear", minutes=MINUTES, layers=60)
        content = build_gcode_3mf([plate], model="P1S")
        wait_for(
            lambda: self.server.api("POST", "/api/printers/alder/mark-clear", {})[0] == 202,
            "the printer's first report",
        )
        status, answer = self.server.upload(
            "/api/upload-and-start", "gear.gcode.3mf", content, printer_id="alder", confirm="all"
        )
        assert status == 202, answer

    def resume(self) -> None:
        wait_for(
            lambda: self.server.api("POST", "/api/printers/alder/resume", {})[0] == 202,
            "a resume that is taken",
        )

    def state(self) -> str:
        try:
            return str(self.server.api("GET", "/api/printer/alder")[1].get("state"))
        except NoAnswer:
            return ""

    def kill_and_pause(self) -> None:
        """Dead in the middle of its work; the printer waits so that nothing happens unseen."""
        self.server.kill()
        assert self.printers.do("alder", "pause")
        self.server.start()
        wait_for(lambda: self.state() == "paused", "the server's return")


def told_once(events: list[dict[str, Any]]) -> None:
    counted = Counter(
        (e["printer_id"], e["run"], e["kind"], e["key"], e["ends"], e["text"]) for e in events
    )
    assert [one for one, count in counted.items() if count > 1] == []


AI = {"provider": "openai", "api_key": KEY, "interval_s": 10, "first_layers": 0}


@pytest.mark.slow
def test_a_whole_print_is_told_once_everywhere(services: Services, tmp_path: Path) -> None:
    settings = services.settings(live=False, ai={**AI, "base_url": services.vision.url})
    shop = Shop(tmp_path, settings)
    try:
        shop.server.start()
        shop.start()
        wait_for(lambda: services.heard("progress", "25"), "a quarter")
        assert shop.printers.do("alder", "runout")
        wait_for(lambda: services.heard("filament_out"), "the empty spool")
        wait_for(lambda: services.heard("fault"), "the printer's message")
        shop.resume()
        wait_for(lambda: services.heard("progress", "45"), "nearly half")
        shop.kill_and_pause()
        wait_for(lambda: services.heard("paused"), "the pause")
        shop.resume()
        wait_for(lambda: services.heard("bed_waiting"), "the end", seconds=150)
        wait_for(lambda: nothing_waits(shop.server), "the last messages")
    finally:
        shop.close()

    events = services.events()
    told_once(events)
    runs = {e["run"] for e in events}
    assert runs == {"j-1-1"}, runs
    kinds = [e["kind"] for e in events if not e["ends"]]
    counted = Counter(kinds)
    once = ("started", "filament_out", "fault", "paused", "finished", "bed_waiting")
    assert {kind: counted[kind] for kind in once} == dict.fromkeys(once, 1)
    assert counted["resumed"] == 2
    assert set(counted) == {*once, "resumed", "progress", "photo"}, counted

    # every five percent; of those that passed while it was dead only the newest
    steps = [int(e["key"]) for e in events if e["kind"] == "progress"]
    assert steps == sorted(steps) and set(steps) <= set(range(5, 100, 5))
    assert len(set(range(5, 100, 5)) - set(steps)) <= 1, steps
    assert kinds[0] == "started"
    photos = [e["at"] for e in events if e["kind"] == "photo"]
    lasted = events[-1]["at"] - events[0]["at"]
    # each is due by the print's own hours: a late one does not push the next ones back
    assert 2 <= len(photos) <= lasted / PHOTO_S + 1, (photos, lasted)

    # each service got what its rule says, with pictures
    urgent = [e["text"] for e in events if not e["ends"] and e["level"] in ("now", "soon")]
    assert len(services.mail.calls) == len(services.ntfy.taken) == len(urgent)
    result = next(m for m in services.mail.calls if "finished" in m.text)
    assert len(result.pictures) == 1
    assert any("finished" in services.ntfy.text_of(call)[1] for call in services.ntfy.taken)
    phone = services.telegram.spoken()
    assert {call.fields["message_thread_id"] for call in phone} == {TOPIC}
    assert {call.method for call in phone} == {"sendMessage", "sendPhoto"}
    texts = [call.text for call in phone]
    assert len(texts) == len(services.hook.bodies)
    for body in services.hook.bodies:  # the same words, as often
        same = [one["text"] for one in services.hook.bodies].count(body["text"])
        assert sum(body["text"] in text for text in texts) >= same, body["text"]
    (final,) = [call for call in phone if "finished" in call.text]
    assert final.method == "sendPhoto" and final.photo[:2] == b"\xff\xd8"
    assert services.vision.pictures, "the defect watch has looked"


def nothing_waits(server: Server) -> bool:
    page = server.api("GET", "/api/alerts/channels")[1]
    return page["waiting"] == 0 and all(one["pending"] == 0 for one in page["channels"])


@pytest.mark.slow
def test_one_message_per_print_is_edited_over_a_kill(services: Services, tmp_path: Path) -> None:
    """Telegram's usual way: progress edits one message, results are new ones; and Obico looks."""
    ai = {
        "provider": "obico", "base_url": services.obico.url, "interval_s": 10,
        "api_key": OBICO_TOKEN,
    }  # fmt: skip
    shop = Shop(tmp_path, services.settings(live=True, ai=ai))
    try:
        shop.server.start()
        shop.start()
        wait_for(lambda: services.heard("progress", "40"), "some progress")
        wait_for(lambda: services.telegram.shown(CHAT), "the live message")
        shop.kill_and_pause()
        wait_for(lambda: services.heard("paused"), "the pause")
        shop.resume()
        wait_for(lambda: services.heard("bed_waiting"), "the end", seconds=150)
        wait_for(lambda: nothing_waits(shop.server), "the last messages", seconds=150)
    finally:
        shop.close()
    told_once(services.events())
    shown = services.telegram.shown(CHAT)
    about = [message.text for message in shown]
    # the live message, resting at what became of the print, and the result that rings
    assert not any("%" in text for text in about), about
    ends = [message for message in shown if "finished" in message.text]
    assert [bool(message.edits) for message in ends] == [True, False], about
    assert ends[0].silent and ends[0].photo and ends[1].photo
    assert len([text for text in about if "paused" in text]) == 1, about
    edits = services.telegram.of("editMessageMedia", "editMessageCaption", "editMessageText")
    assert edits, "nothing was edited"
    assert services.obico.calls, "Obico was asked"

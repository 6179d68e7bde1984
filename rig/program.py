"""The whole rig: built from its settings, started and stopped in order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

import websocket

from rig import VERSION, files
from rig.builder import Builder, Built
from rig.delays import Delays
from rig.desk import Desk
from rig.errors import RigError
from rig.feed import Feed
from rig.lights import Lamp, Lights
from rig.link import Link, Message
from rig.outbox import Outbox
from rig.recorder import Recorder
from rig.sender import Sender
from rig.sensor import Climate, Reading, open_reader
from rig.settings import Settings
from rig.sources import open_source

logger = logging.getLogger(__name__)


class BoardLike(Protocol):
    """rig.pins.Board, or a test's."""

    lamps: dict[str, Lamp]

    def close(self) -> None: ...


MakeBoard = Callable[[Settings, Callable[[float], None]], BoardLike]


class Rig:
    def __init__(self, settings: Settings, make_board: MakeBoard) -> None:
        """Raises RigError when the folders or the pins cannot be had."""
        self._settings = settings
        _make_folders(settings)
        self.delays = Delays(settings)
        self.outbox = Outbox(settings.photos / "outbox.json", settings.buffer)
        self.feed = Feed(open_source(settings.camera))
        self.builder = Builder(settings, self._built, lambda: self.desk.do(lambda: None))
        self._board = make_board(settings, lambda at: self.desk.pressed(at))
        self.lights = Lights(self._board.lamps, lambda: self.recorder.snapshot.state)
        self.recorder = Recorder(settings, self.feed, self.builder, self.lights, self.tell)
        self.desk = Desk(self.recorder, settings.click_gap, self._changed)
        self.climate = Climate(
            lambda: open_reader(settings.sensor, settings.pins.dht22),
            lambda: self.delays.get("temphum_delay"),
        )
        self.climate.on_reading = self._reading
        self.link = Link(settings, self._sender, self.hear)
        self.feed.on_picture = self.link.wake
        self.delays.changed += [self.link.wake, self.climate.wake]

    def start(self) -> None:
        for part in (self.feed, self.lights, self.builder, self.desk, self.climate, self.link):
            part.start()

    def stop(self) -> None:
        """Whatever is being recorded goes on after the next start."""
        for part in (self.link, self.climate, self.desk, self.builder, self.lights, self.feed):
            part.stop()
        self._board.close()

    # --- what goes out -----------------------------------------------------------------------

    def tell(self, event: str, *, key: str = "", **facts: Any) -> None:
        """For the farm, kept while it is away, and for the log. What may be told twice over a
        restart has a ``key``: the farm takes it once."""
        logger.info("%s %s", event, facts)
        self.outbox.add("event", time.time(), key=key, event=event, **facts)
        self.link.wake()

    def status(self) -> Message:
        now, reading = time.monotonic(), self.climate.last
        return {
            "t": "status",
            **asdict(self.recorder.snapshot),
            "progress": self.builder.progress,
            "camera": self.feed.problem,
            "sensor": self.climate.problem,
            "readings": None if reading is None else _reading_json(reading, now),
            "delays": self.delays.all(),
            "disk_free_mb": files.free_mb(self._settings.photos),
            "waiting": len(self.outbox),
        }

    def _hello(self) -> Message:
        return {"t": "hello", "v": 1, "rig": self._settings.rig, "version": VERSION,
                "printer": self._settings.printer, "now": round(time.time(), 3)}  # fmt: skip

    def _sender(self, opened: websocket.WebSocket) -> Sender:
        return Sender(
            opened, outbox=self.outbox, feed=self.feed, delays=self.delays, hello=self._hello,
            status=self.status, stale_s=self._settings.camera.stale,
        )  # fmt: skip

    def _changed(self) -> None:
        """After everything the desk has done, and after each build."""
        self.lights.refresh()
        self.link.status_changed()

    def _reading(self, reading: Reading) -> None:
        self.outbox.add(
            "reading", reading.at, temperature=reading.temperature, humidity=reading.humidity
        )
        self.link.wake()

    def _built(self, built: Built) -> None:
        if built.error:
            self.tell("build_failed", session=built.session, error=built.error)
        else:
            facts = asdict(built)
            del facts["error"]
            self.tell("video", key=f"{built.name} {built.sha256}", **facts)

    # --- what comes in -----------------------------------------------------------------------

    def hear(self, message: Message) -> None:
        """One message of the farm; what cannot be understood is ignored."""
        kind, at = message.get("t"), time.monotonic()
        if kind == "settings":
            self.delays.take(message)
        elif kind == "layer":
            job, layer = str(message.get("job", "")), message.get("layer")
            if isinstance(layer, int) and not isinstance(layer, bool):
                self.desk.do(lambda: self.recorder.layer(job, layer, at))
        elif kind == "printer":
            state, job, name = (str(message.get(key, "")) for key in ("state", "job", "name"))
            self.desk.do(lambda: self.recorder.printer(state, job, name))
        elif kind == "do":
            self.desk.do(lambda: self._order(message))

    def _order(self, message: Message) -> None:
        action = str(message.get("action", ""))
        done, why = self.recorder.act(action, "farm")
        self.tell("done", order=str(message.get("id", "")), action=action, ok=done, why=why)


def _reading_json(reading: Reading, now: float) -> Message:
    return {
        "temperature": reading.temperature,
        "humidity": reading.humidity,
        "age": round(now - reading.mono, 1),
    }


def _make_folders(settings: Settings) -> None:
    for folder in (settings.photos, settings.timelapses):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RigError(f"{folder} cannot be made ({error.strerror}).") from error

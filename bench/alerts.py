"""``python -m bench.alerts``: 50 printers finish within a minute; one channel hangs, one works.

Real log on the disk, real rules, real workers, real HTTP on this machine. The channel that hangs
takes connections and never answers. Measured from the desk's ``take`` to the arrival at the one
that works: what the rules hold back to group it (``--group`` s) is in it, and told apart.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from alerts.channels.make import Supplies, make
from alerts.channels.push.subscriptions import Subscriptions
from alerts.delivery.deliveries import Deliveries
from alerts.desk import Desk
from alerts.incidents import IncidentBook
from alerts.log import AlertLog
from alerts.model import Event, Kind
from alerts.mutes import Mutes
from alerts.photos import AlertPhotos
from bench.rows import Row, percentile
from core.alert_config import AlertsConfig, ChannelConfig, RuleConfig
from core.clock import SystemClock
from core.events import Bus
from core.secret import Secret

CLOCK = SystemClock()
ALARMS = 5
"""Of the printers so many fail: level "now"."""


@dataclass
class Receiver:
    """Takes webhooks, and remembers when which event arrived."""

    arrived: dict[str, float] = field(default_factory=dict)  # run and kind -> monotonic s
    messages: list[float] = field(default_factory=list)
    own_ms: list[float] = field(default_factory=list)  # from the finished message to its arrival
    news: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: dict[str, Any]) -> None:
        with self.news:
            now = time.monotonic()
            self.messages.append(now)
            self.own_ms.append((time.time() - body["at"]) * 1000)
            for event in body["events"]:
                self.arrived.setdefault(f"{event['run']} {event['kind']}", now)
            self.news.notify_all()


@contextmanager
def receiver() -> Iterator[tuple[Receiver, str]]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            found.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found, f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def hanging() -> Iterator[str]:
    """Connections are taken (by the system) and nothing is ever read."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def webhook(name: str, url: str) -> ChannelConfig:
    secret = Secret("a-secret-of-the-bench")
    return ChannelConfig(name=name, type="webhook", url=Secret(url), secret=secret)


@dataclass
class Room:
    """Desk and workers on a folder of their own, as alerts/build.py puts them together."""

    folder: Path
    config: AlertsConfig

    def __enter__(self) -> Room:
        self.log = AlertLog(self.folder, CLOCK)
        photos = AlertPhotos(self.folder / "photos", lambda *_: None, CLOCK, 1.0)
        incidents, mutes = IncidentBook(self.log, CLOCK), Mutes(self.log, CLOCK)
        self.desk = Desk(self.config, self.log, incidents, mutes, photos, Bus(), CLOCK)
        supplies = Supplies(clock=CLOCK, subscriptions=Subscriptions(self.folder, CLOCK))
        self.deliveries = Deliveries(
            self.config, partial(make, supplies=supplies), self.log, photos.folder, CLOCK,
            self.desk.take,
        )  # fmt: skip
        self.desk.start()
        self.deliveries.start()
        return self

    def __exit__(self, *_: object) -> None:
        began = time.monotonic()
        self.desk.stop()
        self.deliveries.stop()
        self.stopped_s = time.monotonic() - began
        self.log.close()


def ends(printers: int, within_s: float) -> list[tuple[float, Event]]:
    """When which printer ends, the same in every run."""
    dice = random.Random(7)
    found = []
    for number in range(printers):
        kind = Kind.FAILED if number < ALARMS else Kind.FINISHED
        event = Event(
            kind=kind, at=CLOCK.time(), text=f"Printer {number} has {kind}: part-{number}.3mf.",
            printer_id=f"p{number}", printer=f"Printer {number}", run=f"job-{number}.1",
        )  # fmt: skip
        found.append((dice.uniform(0, within_s), event))
    return sorted(found, key=lambda pair: pair[0])


def tell(room: Room, plan: list[tuple[float, Event]]) -> tuple[dict[str, float], list[float]]:
    """When each event was taken, and how long that kept its thread (ms)."""
    began, pause = time.monotonic(), threading.Event()
    taken, kept = {}, []
    for at, event in plan:
        pause.wait(max(0.0, began + at - time.monotonic()))
        before = time.monotonic()
        room.desk.take(event)
        taken[f"{event.run} {event.kind}"] = before
        kept.append((time.monotonic() - before) * 1000)
    return taken, kept


def measure(printers: int, within_s: float, group_s: float, patience_s: float) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as folder,
        receiver() as (healthy, good_url),
        hanging() as bad_url,
    ):
        channels = (webhook("healthy", good_url), webhook("hanging", bad_url))
        config = AlertsConfig(channels=channels, rules=(RuleConfig(name="all", group_s=group_s),))
        with Room(Path(folder), config) as room:
            taken, kept = tell(room, ends(printers, within_s))
            with healthy.news:
                healthy.news.wait_for(lambda: taken.keys() <= healthy.arrived.keys(), patience_s)
            threading.Event().wait(0.5)  # the last outcome is noted after its arrival
            counters = Counter(room.log.counters())
            pending = {one.name: one.pending for one in room.deliveries.status()}
        late = {key: (healthy.arrived[key] - at) * 1000 for key, at in taken.items()
                if key in healthy.arrived}  # fmt: skip
        yield from _table(printers, group_s, late, kept, healthy, counters, pending)
        yield Row("stop while one channel hangs", room.stopped_s, "s", 3.0).text()


def _table(
    printers: int,
    group_s: float,
    late: dict[str, float],
    kept: list[float],
    healthy: Receiver,
    counters: Counter[tuple[str, str]],
    pending: dict[str, int],
) -> Iterator[str]:
    yield f"  {'channel':<12}{'messages sent':>15}{'unclear':>10}{'waiting':>10}"
    for name in ("healthy", "hanging"):
        sent, unclear = counters[(name, "sent")], counters[(name, "unclear")]
        yield f"  {name:<12}{sent:>15}{unclear:>10}{pending[name]:>10}"
    busiest = max(
        (sum(0 <= other - at < 60 for other in healthy.messages) for at in healthy.messages),
        default=0,
    )
    yield Row("most messages in a minute", busiest, "", 20.0).text()
    yield Row("events told, of those that happened", 100 * len(late) / printers, "%").text()
    for name, kind in (("failed (now)", Kind.FAILED), ("finished (soon)", Kind.FINISHED)):
        found = [delay for key, delay in late.items() if key.endswith(f" {kind}")]
        for percent in (50, 99):
            label = f"{name}: take to arrival, p{percent}"
            yield Row(label, percentile(found, percent), "ms").text()
    yield f'  (of which the rules hold back at most 2 s of "now" and {group_s:g} s of "soon")'
    for percent in (50, 99):
        label = f"of that the delivery itself, p{percent}"
        yield Row(label, percentile(healthy.own_ms, percent), "ms").text()
    for percent in (50, 99):
        yield Row(f"take() keeps the caller, p{percent}", percentile(kept, percent), "ms").text()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.alerts", description=__doc__)
    parser.add_argument("--printers", type=int, default=50)
    parser.add_argument("--within", type=float, default=60.0, help="seconds in which they end")
    parser.add_argument("--group", type=float, help="of the rule; given: only this one")
    args = parser.parse_args()
    for group_s in (25.0, 0.0) if args.group is None else (args.group,):
        heading = f"{args.printers} printers end within {args.within:g} s, grouped by {group_s:g} s"
        print(f"\n{heading}; one channel hangs", flush=True)
        for line in measure(args.printers, args.within, group_s, 180.0):
            print(line, flush=True)


if __name__ == "__main__":
    main()

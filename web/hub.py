"""From the bus to every open page: patches made once, sent at once, coalesced under bursts.

One thread ("panel:hub") owns the views. The first change of a printer leaves immediately; further
ones wait until MIN_GAP_S after it, so a printer sends at most four a second. The farm as shown is
an immutable State that any thread may read.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cameras.book import CameraInfo
from core import jsonio
from core.clock import Clock
from core.config import PrinterConfig
from core.errors import NotFound
from core.events import Bus, Key
from printers.registry import Registry, Snapshot
from printers.status import PrinterState, PrinterStatus
from web.alert_json import alert_json
from web.browser import Browser, Frame
from web.events import EventLog, describe_change
from web.farm_summary import summarise
from web.frames import text_frame
from web.job_json import job_json
from web.merge import diff
from web.panel import PanelView
from web.queue_head import QueueHead
from web.state import Json, State, merged
from web.temperatures import TemperatureHistory

if TYPE_CHECKING:
    from alerts.build import AlertRoom
    from job_queue.dispatcher import Dispatcher
    from job_queue.forecast.prediction import Forecast
    from job_queue.job import Job
    from job_queue.service import JobService

logger = logging.getLogger(__name__)

MIN_GAP_S = 0.25
TICK_S = 1.0
RING = 500
_NONE: Mapping[str, Json | None] = {}


def _unknown(snapshot: Snapshot) -> Snapshot:
    """Of a report that cannot be shown: whose it is, and when it came."""
    status = snapshot.status
    plain = PrinterStatus(
        printer_id=status.printer_id,
        name=status.name,
        kind=status.kind,
        state=PrinterState.UNKNOWN,
        observed_at=status.observed_at,
        observed_mono=status.observed_mono,
        link=status.link,
        message=f"The farm cannot show what {status.name} reports; the server's log says why.",
    )
    return replace(snapshot, status=plain)


class PanelHub:
    """Start after the fleet exists; ``start`` and ``stop`` once each."""

    def __init__(
        self,
        *,
        registry: Registry,
        bus: Bus,
        clock: Clock,
        configs: Mapping[str, PrinterConfig],
        jobs: JobService,
        dispatcher: Dispatcher,
        history: TemperatureHistory,
        cameras: Callable[[str], Sequence[CameraInfo]] | None = None,
        forecast: Callable[[], Forecast | None] = lambda: None,
        env: Callable[[str], Json | None] = lambda _: None,
        watch: Callable[[str], Json | None] = lambda _: None,
        rigs: Callable[[], Mapping[str, Json]] = dict,
        alerts: AlertRoom | None = None,
    ) -> None:
        """``env``: what a rig measures beside a printer (RigDesk.env). ``watch``: how the defect
        watch of a printer stands (DefectRoom.panel). ``rigs``: all of them (RigDesk.for_pages)."""
        self._registry, self._bus, self._clock = registry, bus, clock
        self._configs, self._jobs, self._history = configs, jobs, history
        self._cameras, self._forecast, self._env = cameras, forecast, env
        self._alerts = alerts
        self._watch, self._rigs = watch, rigs
        self._queue = QueueHead(jobs, dispatcher, clock)
        self.events = EventLog(clock)
        self._views: dict[str, PanelView] = {}
        self._due: dict[str, float] = {}
        self._waiting: dict[str, Snapshot] = {}
        self._broken: set[str] = set()  # printers whose newest report cannot be shown
        self._next_tick = 0.0
        self._lock = threading.Lock()
        self._browsers: tuple[Browser, ...] = ()
        self._ring: deque[Frame] = deque(maxlen=RING)
        # Grows over restarts, so that a page of the former process never mistakes our numbers.
        self._state = State(int(clock.time() * 1000), {}, {}, {})
        self._box = bus.subscribe("printer", "job", "incident")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="panel:hub", daemon=True)

    # -- any thread -----------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self._state

    @property
    def browsers(self) -> int:
        return len(self._browsers)

    def start(self) -> None:
        """Take in what is known already, then follow the bus."""
        jobs = {job.id: self._job(job) for job in self._jobs.jobs()}
        with self._lock:
            self._state = State(
                self._state.seq, {}, jobs, {}, self._queue.read(), self._open_alerts(),
                self._rigs(),
            )  # fmt: skip
        self._take({("printer", s.status.printer_id): s for s in self._registry.all()})
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._stopping.set()
        self._bus.unsubscribe(self._box)
        self._thread.join(timeout)

    def attach(self, browser: Browser, since: int | None) -> None:
        """Add a page; it continues from ``since`` if the ring still has that, else it is lost
        and gets a snapshot at its first pump."""
        with self._lock:
            self._browsers = (*self._browsers, browser)
            seq = self._state.seq
            if since is not None and seq - len(self._ring) <= since <= seq:
                browser.catch_up(seq, b"".join(f for number, f in self._ring if number > since))

    def detach(self, browser: Browser) -> None:
        with self._lock:
            self._browsers = tuple(b for b in self._browsers if b is not browser)

    # -- the hub's own thread -------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._take(self._box.take(self._patience()))
            except Exception:
                logger.exception("The panel hub failed on one change and goes on")

    def _patience(self) -> float:
        soonest = min((self._due[p] for p in self._waiting), default=self._next_tick)
        return max(0.0, min(soonest, self._next_tick) - self._clock.monotonic())

    def _take(self, slots: Mapping[Key, Any]) -> None:
        now = self._clock.monotonic()
        changed_jobs: dict[str, Json | None] = {}
        changed_alerts: dict[str, Json | None] = {}
        for (topic, name), value in slots.items():
            if topic == "printer":
                self._waiting[name] = value
            elif topic == "incident":
                changed_alerts[name] = self._alert(name)
            else:
                changed_jobs[name] = None if value is None else self._job(value)
        patches = self._patches(now)
        farm, queue = None, self._changed_queue() if changed_jobs else None
        rigs: dict[str, Json | None] = {}
        if now >= self._next_tick:
            self._next_tick = now + TICK_S
            patches.update(self._aged(now))
            farm, queue = self._changed_farm(), self._changed_queue()
            changed_alerts.update(self._muted_otherwise())  # as the book has them now
            rigs = self._changed_rigs()
        parts = (patches, changed_jobs, changed_alerts, rigs)
        if any(parts) or farm is not None or queue is not None:
            self._send(patches, changed_jobs, farm, queue, changed_alerts, rigs)

    def _job(self, job: Job) -> Json:
        return job_json(job, self._jobs.outlook(job.id))

    def _alert(self, alert_id: str) -> Json | None:
        """None once it is over: pages know what is open, and ask for the rest. The book is read
        anew: of two who tell of one alert at the same time the later may know less."""
        try:
            incident = self._alerts.incidents.get(alert_id) if self._alerts else None
        except NotFound:
            return None
        if self._alerts is None or incident is None or incident.resolved_at is not None:
            return None
        return alert_json(incident, self._alerts.mutes)

    def _muted_otherwise(self) -> dict[str, Json | None]:
        """Open alerts that are shown as muted and are not, or the other way round: a mute ends by
        itself, with its time or the print."""
        if self._alerts is None or not self._state.alerts:
            return {}
        muted = self._alerts.mutes.muted()
        return {
            alert_id: self._alert(alert_id)
            for alert_id, shown in self._state.alerts.items()
            if shown["muted"] is not (shown["printer_id"] in muted)
        }

    def _open_alerts(self) -> dict[str, Json]:
        if self._alerts is None:
            return {}
        mutes = self._alerts.mutes
        return {one.id: alert_json(one, mutes) for one in self._alerts.incidents.open()}

    def _patches(self, now: float) -> dict[str, Json]:
        patches: dict[str, Json] = {}
        if not self._waiting:
            return patches
        for name in [name for name in self._waiting if self._due.get(name, 0.0) <= now]:
            snapshot = self._waiting.pop(name)
            view = self._views.get(name)
            if view is None:
                view = self._views[name] = self._new_view(name)
            if snapshot.revision < view.revision:
                continue
            if patch := self._updated(name, snapshot, now):
                patches[name] = patch
                self._due[name] = now + MIN_GAP_S
            if name not in self._broken and self._history.observe(snapshot.status):
                self._sample(snapshot)
        return patches

    def _updated(self, name: str, snapshot: Snapshot, now: float) -> Json:
        """One printer's patch. A report that cannot be shown or sent is that printer's trouble
        alone: it is shown as unknown, and the others' news go out."""
        view = self._views[name]
        shown = view.doc
        try:
            patch = view.update(snapshot, now)
            jsonio.dumps(patch)
        except Exception:
            if name not in self._broken:
                logger.exception("%s: its report cannot be shown", name)
            self._broken.add(name)
            view = self._views[name] = self._new_view(name)
            view.doc = shown  # the pages know no more than this
            return view.update(_unknown(snapshot), now)
        self._broken.discard(name)
        return patch

    def _new_view(self, name: str) -> PanelView:
        cameras = self._cameras
        return PanelView(
            self._configs.get(name),
            cameras and (lambda: cameras(name)),
            lambda: self._env(name),
            lambda: self._watch(name),
        )

    def _aged(self, now: float) -> dict[str, Json]:
        """Stale and offline come without any message from the printer."""
        aged = [(name, view) for name, view in self._views.items() if view.has_aged(now)]
        return {name: patch for name, view in aged if (patch := view.aged(now))}

    def _changed_farm(self) -> Json | None:
        docs = {name: view.doc for name, view in self._views.items()}
        farm = summarise(
            docs.values(), self._clock.time(), self._state.farm, self._jobs.trouble,
            self._forecast(),
        )  # fmt: skip
        return None if farm == self._state.farm else farm

    def _changed_queue(self) -> Json | None:
        queue = self._queue.read()
        return None if queue is self._state.queue else queue

    def _changed_rigs(self) -> dict[str, Json | None]:
        """Those that differ from what pages know, whole."""
        shown = self._state.rigs
        return {name: rig for name, rig in self._rigs().items() if rig != shown.get(name)}

    def _send(
        self,
        patches: dict[str, Json],
        jobs: dict[str, Json | None],
        farm: Json | None,
        queue: Json | None = None,
        alerts: Mapping[str, Json | None] = _NONE,
        rigs: Mapping[str, Json | None] = _NONE,
    ) -> None:
        before = self._state
        seq = before.seq + 1
        message: Json = {"t": "delta", "seq": seq, "p": patches}
        if jobs:
            gone = [name for name, job in jobs.items() if job is None]
            message["j"] = {"set": [job for job in jobs.values() if job], "del": gone}
        if alerts:
            gone = [name for name, alert in alerts.items() if alert is None]
            message["a"] = {"set": [alert for alert in alerts.values() if alert], "del": gone}
        if rigs:
            message["r"] = {name: diff(before.rigs.get(name), rig) for name, rig in rigs.items()}
        if farm is not None:
            message["farm"] = farm
        if queue is not None:
            message["q"] = queue
        frame = text_frame(jsonio.dumps(message))
        docs = {**before.docs, **{name: self._views[name].doc for name in patches}}
        all_jobs = before.jobs if not jobs else merged(before.jobs, jobs)
        after = State(
            seq, docs, all_jobs, before.farm if farm is None else farm,
            before.queue if queue is None else queue,
            merged(before.alerts, alerts) if alerts else before.alerts,
            merged(before.rigs, rigs) if rigs else before.rigs,
        )  # fmt: skip
        with self._lock:
            self._state = after
            self._ring.append((seq, frame))
            browsers = self._browsers
        for browser in browsers:
            browser.offer(seq, frame)
        for name, patch in patches.items():
            if "state" in patch and name in before.docs:
                self._announce(docs[name], str(before.docs[name]["state"]))

    def _announce(self, doc: Json, old_state: str) -> None:
        kind, text, level = describe_change(doc, old_state)
        self.broadcast(self.events.add(doc["id"], kind, text, level))

    def broadcast(self, event: Json) -> None:
        """Send an event to all pages; it carries the last delta's number and takes none itself."""
        frame = text_frame(jsonio.dumps({"t": "event", "seq": self._state.seq, **event}))
        for browser in self._browsers:
            browser.notify(frame)

    def _sample(self, snapshot: Snapshot) -> None:
        status = snapshot.status
        wanted = [b for b in self._browsers if status.printer_id in b.temps]
        if not wanted:
            return
        sample = {
            **{h.name: [round(h.current, 1), h.target] for h in status.heaters},
            "t": "temp",  # after the heaters: a sensor's own name must not replace these
            "printer": status.printer_id,
            "at": status.observed_at,
        }
        frame = text_frame(jsonio.dumps(sample))
        for browser in wanted:
            browser.notify(frame)

"""Builds all of alerts, and starts and stops it in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.channels.make import Supplies, make
from alerts.channels.push.subscriptions import HOSTS, Subscriptions
from alerts.defects.build import DefectRoom, build_defects
from alerts.delivery.deliveries import Deliveries
from alerts.desk import Desk
from alerts.incidents import Incident, IncidentBook
from alerts.log import AlertLog
from alerts.mutes import Mutes
from alerts.photos import AlertPhotos, Picture
from alerts.rules.routing import channels_of
from alerts.watch.build import build_watch
from alerts.watch.plates import Library
from alerts.watch.watcher import Watcher
from cameras.book import CameraBook
from cameras.final_photos import photo_name
from cameras.hub import CameraHub
from core.alert_config import AlertsConfig
from core.clock import Clock
from core.config import FarmConfig
from core.errors import NotFound
from core.events import Bus
from job_queue.records import QueueState
from job_queue.service import JobService
from printers.fleet import Fleet
from printers.registry import Registry

if TYPE_CHECKING:
    from alerts.channels.telegram.bot import OrderBots
    from alerts.channels.telegram.moves import Moves


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRoom:
    """``start`` once jobs, printers and cameras are; ``stop`` before they are."""

    config: AlertsConfig
    log: AlertLog
    desk: Desk
    incidents: IncidentBook
    mutes: Mutes
    photos: AlertPhotos
    deliveries: Deliveries
    watch: Watcher
    defects: DefectRoom
    orders: OrderBots | None  # None: no channel takes orders
    push: Subscriptions | None  # None: no channel of the type web_push
    moves: Moves | None  # None: no channel of the type telegram

    @property
    def trouble(self) -> str:
        """For the operator: what the disk refuses, what was damaged; "" = nothing."""
        push = self.push.trouble if self.push is not None else ""
        return " ".join(text for text in (self.log.trouble, self.watch.trouble, push) if text)

    def acknowledge(self, incident_id: str, by: str = "") -> Incident:
        """A person has seen it. Raises NotFound."""
        found = self.incidents.ack(incident_id, by)
        self.desk.publish([found])
        return found

    def start(self) -> None:
        """Who takes before who tells."""
        self.desk.start()
        if self.moves is not None:
            self.moves.start()
        self.deliveries.start()
        self.defects.start()
        if self.orders is not None:
            self.orders.start()
        self.watch.start()

    def stop(self) -> None:
        self.watch.stop()
        if self.orders is not None:
            self.orders.stop()
        self.defects.stop()
        self.desk.stop()
        self.log.close()
        self.deliveries.stop()


def build_alerts(
    config: FarmConfig,
    *,
    registry: Registry,
    fleet: Fleet,
    bus: Bus,
    jobs: JobService,
    library: Library,
    cameras: CameraHub,
    book: CameraBook,
    final_photo: Callable[[str], Path | None],
    clock: Clock,
    own_url: Callable[[], str],
) -> AlertRoom:
    """``library``: of the files, for what a print needs. ``book``: of the cameras.
    ``own_url``: of this server as this machine reaches it, once it listens.
    ``final_photo``: FinalPhotos.path. A disk that refuses does not stop it."""
    folder = config.data_dir / "alerts"
    log = AlertLog(folder, clock, keep_days=config.alerts.keep_days)
    incidents = IncidentBook(log, clock)
    mutes = Mutes(log, clock, lambda printer_id: watch.run_of(printer_id))
    photos = AlertPhotos(
        folder / "photos", camera_picture(cameras, book.main_of, clock), clock,
        config.alerts.image_timeout_s, final=lambda event: final_photo(event.run),
    )  # fmt: skip
    desk = Desk(config.alerts, log, incidents, mutes, photos, bus, clock)
    push = _push(config.alerts, folder, clock)
    moves = _moves(config.alerts, folder / "telegram", clock, desk)
    supplies = Supplies(
        clock=clock, subscriptions=push or Subscriptions(folder, clock), moves=moves
    )  # fmt: skip
    watch = build_watch(
        config.alerts, registry, bus, jobs, fleet, library, desk, clock, config.data_dir,
        cameras=cameras, main_camera=book.main_of,
        paused_by=lambda printer_id: defects.pause_text(printer_id),
        standing=lambda: [one.event for one in incidents.open()],
    )  # fmt: skip
    defects = build_defects(
        config.ai, config.printers, registry=registry, bus=bus, execute=fleet.execute,
        run_of=run_of(jobs.view, watch.run_of), cameras=cameras, book=book, sink=desk,
        clock=clock, folder=folder, own_url=own_url,
    )  # fmt: skip
    return AlertRoom(
        config=config.alerts, log=log, desk=desk, incidents=incidents, mutes=mutes, photos=photos,
        deliveries=Deliveries(
            config.alerts, partial(make, supplies=supplies), log, photos.folder, clock, desk.take
        ),
        watch=watch, defects=defects,
        orders=_orders(config.alerts, fleet, cameras, book, clock, folder / "telegram", moves),
        push=push, moves=moves,
    )  # fmt: skip


def _orders(
    config: AlertsConfig, fleet: Fleet, cameras: CameraHub, book: CameraBook, clock: Clock,
    folder: Path, moves: Moves | None,
) -> OrderBots | None:  # fmt: skip
    channels = tuple(one for one in channels_of(config).values() if one.two_way)
    if not channels:
        return None
    from alerts.channels.telegram.bot import build_order_bots
    from alerts.channels.telegram.orders.pictures import look_through

    look = look_through(cameras, book)
    return build_order_bots(channels, fleet, look, clock, folder, moves=moves)


def _moves(config: AlertsConfig, folder: Path, clock: Clock, desk: Desk) -> Moves | None:
    channels = [one for one in channels_of(config).values() if one.type == "telegram"]
    if not channels:
        return None
    from alerts.channels.telegram.moves import FILE, Moves

    return Moves(folder / FILE, channels, clock, desk.take)


def _push(config: AlertsConfig, folder: Path, clock: Clock) -> Subscriptions | None:
    wanted = [one for one in channels_of(config).values() if one.type == "web_push"]
    hosts = (*HOSTS, *(host for one in wanted for host in one.push_hosts))
    return Subscriptions(folder, clock, hosts) if wanted else None


def run_of(view: Callable[[], QueueState], watched: Callable[[str], str]) -> Callable[[str], str]:
    """Which print runs on a printer, as its result will name it: the farm's own job and attempt,
    which the queue knows first, else what the watch calls it; "" = none."""

    def run(printer_id: str) -> str:
        job = view().open_jobs.get(printer_id)
        return photo_name(job.id, job.attempt) if job else watched(printer_id)

    return run


def camera_picture(
    hub: CameraHub, main_camera: Callable[[str], str | None], clock: Clock
) -> Picture:
    """Pictures of the printers' main cameras; a camera that sleeps is woken."""

    def picture(printer_id: str, after: float, timeout: float) -> bytes | None:
        camera_id = main_camera(printer_id)
        if camera_id is None:
            return None
        deadline, seq = clock.monotonic() + timeout, 0
        while (left := deadline - clock.monotonic()) > 0:
            try:
                frame = hub.wait_frame(camera_id, seq, left)
            except NotFound:
                return None
            if frame is None:
                return None  # off, gone or too slow
            if frame.taken_at >= after:
                return frame.jpeg
            seq = frame.seq
        return None

    return picture

"""The farm's entry: read the settings, build the farm, serve, stop in reverse order."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from alerts.build import build_alerts
from cameras.build import build_cameras
from cameras.final_photos import photo_name
from core.clock import SystemClock
from core.config import FarmConfig
from core.environment import VERSION, arguments, load_settings
from core.errors import ConfigError, FarmError
from core.events import Bus
from core.files import FolderLock
from core.memory import limit_heaps, settle
from job_queue.after_slicing import enqueue_with
from job_queue.dispatcher import Dispatcher
from job_queue.forecaster import Forecaster
from job_queue.history.archive import History
from job_queue.history.months import Months
from job_queue.history.particulars import Particulars
from job_queue.runner import Runner
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.store.older_queue import take_over_older
from mqtt_out.build import build_mqtt_out
from printers.fleet import Fleet
from printers.registry import Registry
from simulator.child import SimulatorProcess
from slicer.confirmations import Confirmations
from slicer.library import FileLibrary
from slicer.slicing.build import build_slicing
from web.app import create_app
from web.auth import refuse_wide_bind
from web.guards import Proxies
from web.hub import PanelHub
from web.server import FarmServer
from web.services import Services
from web.temperatures import TemperatureHistory

ROOT = Path(__file__).parent
logger = logging.getLogger("farm")


def start_farm(config: FarmConfig, stack: ExitStack) -> FarmServer:
    """Build and start every part; ``stack`` stops them in reverse order. Raises FarmError."""
    clock, bus = SystemClock(), Bus()
    folder = config.data_dir
    lock = FolderLock(folder)
    lock.acquire()
    stack.callback(lock.release)
    simulators = SimulatorProcess(config)
    stack.callback(simulators.stop)
    config = simulators.start()
    registry = Registry(bus)
    fleet = Fleet(config.printers, registry, clock, folder, feed=config.feed)
    library = FileLibrary(
        folder / "files", clock, config.limits.upload_mb * 1_000_000, bus=bus,
        models=config.slicer.enabled, model_limit_bytes=config.slicer.model_mb * 1_000_000,
    )  # fmt: skip
    store = JsonJobStore(folder, clock)
    stack.callback(store.close)
    take_over_older(folder, store, library, clock)
    jobs = JobService(
        store, fleet, registry, library, bus, clock,
        confirmations=Confirmations(folder / "confirmations.json", clock),
    )  # fmt: skip
    fleet.observe(jobs.note_command)
    slicing = build_slicing(config.slicer, folder, library, clock, bus, enqueue_with(jobs))
    cameras = build_cameras(config, fleet, registry, bus, clock, job_of=_job_of(jobs))
    archive = History(
        jobs.view, Particulars(fleet, registry, library).describe,
        Months(folder / "history", clock), bus, clock,
        recorded=lambda r: cameras.photos.ended(r.printer_id, photo_name(*r.key), r.ended_at),
    )  # fmt: skip
    store.forget_only(archive.has_all_of)
    alerts = build_alerts(
        config, registry=registry, fleet=fleet, bus=bus, jobs=jobs, library=library, clock=clock,
        cameras=cameras.hub, book=cameras.book, final_photo=cameras.photos.path,
        own_url=lambda: server.local_url,
    )  # fmt: skip
    history = TemperatureHistory()
    configs = {printer.id: printer for printer in config.printers}
    dispatcher = Dispatcher(jobs, fleet, library, clock, config.dispatch)
    runner = Runner(dispatcher, bus, clock)
    forecaster = Forecaster(
        jobs, fleet, library, bus, clock, config.dispatch, folder, dispatcher.verdicts
    )
    hub = PanelHub(
        registry=registry, bus=bus, clock=clock, configs=configs, jobs=jobs, history=history,
        dispatcher=dispatcher, cameras=cameras.book.of, forecast=lambda: forecaster.last,
        env=cameras.rigs.env, rigs=cameras.rigs.for_pages, alerts=alerts,
        watch=alerts.defects.panel,
    )  # fmt: skip
    mqtt = build_mqtt_out(
        config, fleet=fleet, registry=registry, jobs=jobs, forecast=lambda: forecaster.last,
        cameras=cameras, bus=bus, clock=clock, note=hub.events.add, version=VERSION,
        defects=alerts.defects.panel,
    )  # fmt: skip
    services = Services(
        config=config, registry=registry, bus=bus, fleet=fleet, clock=clock, jobs=jobs,
        dispatcher=dispatcher, forecaster=forecaster, library=library, slicing=slicing,
        book=cameras.book, cameras=cameras.hub, rigs=cameras.rigs, photos=cameras.photos,
        prusa_connect=cameras.prusa_connect, timelapses=cameras.timelapses,
        printer_videos=cameras.printer_videos, hub=hub, history=history, archive=archive,
        alerts=alerts, mqtt=mqtt,
        started_at=clock.time(), version=VERSION,
    )  # fmt: skip
    proxies = Proxies(config.server.trusted_proxies)
    server = FarmServer(
        config.server.host, config.server.port, create_app(services), proxies=proxies
    )
    for start, stop in (
        (library.start, library.stop),
        (archive.start, archive.stop),  # before the first end, until after the last
        (jobs.start, jobs.stop),
        (slicing.start, slicing.stop),
        (forecaster.start, forecaster.stop),
        (hub.start, hub.stop),
        (server.start, server.stop),  # answers before the first printer has
        (fleet.start, fleet.stop),
        (cameras.start, cameras.stop),
        (alerts.start, alerts.stop),
        (mqtt.start, mqtt.stop),
    ):
        stack.callback(stop)
        start()
    stack.callback(jobs.end_transfers)  # before the connections end, after the last pass
    stack.callback(runner.stop)
    runner.start()
    return server


def _job_of(jobs: JobService) -> Callable[[str], tuple[str, str]]:
    """printer -> id and file name of its open job, for what is kept of its print."""

    def job_of(printer_id: str) -> tuple[str, str]:
        job = jobs.view().open_jobs.get(printer_id)
        return (job.id, job.file_name) if job else ("", "")

    return job_of


def serve(config: FarmConfig) -> None:
    """Run until SIGINT or SIGTERM. Raises FarmError when the farm cannot start."""
    if why := refuse_wide_bind(config):
        raise ConfigError(why)
    stop: SimpleQueue[None] = SimpleQueue()  # a handler may put while this thread waits in get
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: stop.put(None))
    with ExitStack() as stack:
        server = start_farm(config, stack)
        for note in config.notes:
            logger.info("%s", note)
        print(f"Print farm on {server.url}  (Ctrl+C ends it)", flush=True)  # noqa: T201
        settle()
        stop.get()


def main(argv: Sequence[str]) -> int:
    limit_heaps()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        serve(load_settings(arguments(argv), os.environ, ROOT))
    except FarmError as error:
        print(f"The farm cannot start: {error.message}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

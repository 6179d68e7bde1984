"""A farm of simulated printers: one thread, one event loop, real sockets on loopback.

with SimulatedFarm([make_spec("oak", "Oak", "P1S", 1)]) as farm:
    endpoint = farm.endpoints["oak"]
    farm.printer("oak").set(sd_missing=True)
    farm.printer("oak").do("runout")
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import tempfile
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from simulator.bambu.host import BambuHost
from simulator.bambu.report_json import ReportForm
from simulator.bambu.ssdp import INTERVAL_S, Announcement, SsdpSender
from simulator.certificates import CertificateAuthority
from simulator.control import ControlServer
from simulator.handle import PrinterHandle
from simulator.host import Endpoint, SimulatedHost
from simulator.kinds import http_host
from simulator.push_loop import PushLoop
from simulator.specs import PrinterSpec
from simulator.stamp import Pace

logger = logging.getLogger(__name__)

__all__ = ["Endpoint", "PrinterHandle", "SimulatedFarm"]

T = TypeVar("T")
_CALL_TIMEOUT_S = 30.0
_RENDER_THREADS = 2


class SimulatedFarm:
    """Starts and stops the printers. ``report_hz`` > 0 forces reports (Bambu: full ones) at a fixed
    rate, where the printer reports by itself."""

    def __init__(
        self,
        specs: Sequence[PrinterSpec],
        *,
        time_scale: float = 1.0,
        host: str = "127.0.0.1",
        data_dir: Path | None = None,
        control_port: int | None = None,
        tick_s: float = 0.25,
        report_hz: float = 0.0,
        form: ReportForm | None = None,
        ssdp_port: int | None = None,
    ) -> None:
        """``data_dir`` keeps the certificates over restarts; None: forgotten at the end.

        ``control_port`` None: none, 0: any free one. Raises ValueError for an address that is not
        loopback and for two specs with the same id or serial.
        """
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"simulated printers live on loopback only, not on {host}")
        for what in ("id", "serial"):
            if len({getattr(spec, what) for spec in specs}) != len(specs):
                raise ValueError(f"two simulated printers have the same {what}")
        self.control_url = ""
        self._specs = tuple(specs)
        self._time_scale = time_scale
        self._address = host
        self._data_dir = data_dir
        self._control_port = control_port
        self._tick_s = tick_s
        self._report_hz = report_hz
        self._form = form or ReportForm()
        self._ssdp_port = ssdp_port
        self._hosts: dict[str, SimulatedHost] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """By printer id, as they are now (codes and certificates can change)."""
        return {printer_id: host.endpoint() for printer_id, host in self._hosts.items()}

    def printer(self, printer_id: str) -> PrinterHandle:
        """Raises KeyError."""
        return PrinterHandle(self, self._hosts[printer_id])

    def start(self) -> None:
        """Return when every port listens. Raises what prevented it, e.g. OSError."""
        if self._thread is not None:
            raise RuntimeError("the farm is running already")
        self._ready.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._main, name="simulator:loop", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            failure = self._failure
            self.stop()
            raise failure

    def stop(self) -> None:
        """Close everything; also after a failed start."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None and self._stop is not None and thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        thread.join(_CALL_TIMEOUT_S)
        self._loop = None

    def __enter__(self) -> SimulatedFarm:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def call(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the loop thread and return its result."""

        async def in_loop() -> T:
            return work()

        return self.run(in_loop())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop thread. Raises RuntimeError when the farm is stopped."""
        if self._loop is None or self._thread is None:
            work.close()
            raise RuntimeError("the simulated farm is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_TIMEOUT_S)

    # in the loop thread

    def _main(self) -> None:
        try:
            if self._data_dir is None:
                with tempfile.TemporaryDirectory(prefix="simulator-") as folder:
                    asyncio.run(self._live(Path(folder)))
            else:
                asyncio.run(self._live(self._data_dir / "certificates"))
        except BaseException as error:  # handed to start(), or logged
            if self._ready.is_set():
                logger.exception("the simulated farm ended unexpectedly")
            self._failure = error
        finally:
            self._ready.set()

    async def _live(self, certificates: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        authority = CertificateAuthority(certificates)
        control = ControlServer(self._hosts)
        with ThreadPoolExecutor(_RENDER_THREADS, "simulator:camera") as pool:
            try:
                for spec in self._specs:
                    self._hosts[spec.id] = host = self._host(spec, authority, pool)
                    await host.open()
                if self._control_port is not None:
                    self.control_url = await control.open(self._control_port)
                tasks = self._background_tasks()
                self._ready.set()
                await self._stop.wait()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                await control.close()
                for host in self._hosts.values():
                    await host.close()
                await asyncio.sleep(0)  # lets cut connections close their sockets

    def _host(
        self, spec: PrinterSpec, authority: CertificateAuthority, pool: ThreadPoolExecutor
    ) -> SimulatedHost:
        if spec.kind != "bambu":
            pace = Pace(hertz=self._report_hz, stamp=self._form.stamp)
            return http_host(spec, authority, pool, self._address, self._time_scale, pace)
        return BambuHost(
            spec,
            authority,
            pool,
            address=self._address,
            time_scale=self._time_scale,
            form=self._form,
            report_hz=self._report_hz,
        )

    def _background_tasks(self) -> list[asyncio.Task[None]]:
        hosts = list(self._hosts.values())
        tasks = [asyncio.create_task(PushLoop(hosts, self._tick_s).run())]
        if self._ssdp_port is not None:
            speaking = [host for host in hosts if isinstance(host, BambuHost)]
            tasks.append(asyncio.create_task(_announce(speaking, SsdpSender(self._ssdp_port))))
        return tasks


async def _announce(hosts: Sequence[BambuHost], sender: SsdpSender) -> None:
    try:
        while True:
            for host in hosts:
                if host.online and host.knobs.ssdp:
                    sender.send(_announcement(host))
            await asyncio.sleep(INTERVAL_S)
    finally:
        sender.close()


def _announcement(host: BambuHost) -> Announcement:
    model = host.machine.model
    return Announcement(
        address=host.address,
        serial=host.serial,
        model_code=model.code,
        name=host.spec.name,
        version=model.firmware,
        signal_dbm=host.knobs.wifi_rssi or -48,
    )

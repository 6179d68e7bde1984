"""The only door to a printer: every command passes the gate here, under that printer's lock."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.alert_config import FeedConfig
from core.clock import Clock
from core.config import PrinterConfig
from core.errors import ConfigError, FarmError, NotFound
from printers import safety
from printers.adapters import ADAPTERS
from printers.base import (
    AdapterContext,
    CameraSource,
    CommandResult,
    OwnVideo,
    Printer,
    Progress,
    Receipt,
)
from printers.commands import Command, EmergencyStop, Pause, RemoteFile, StartPrint, Stop
from printers.counts import FleetCounts
from printers.registry import Registry, Snapshot
from printers.status import PrinterState, PrinterStatus

logger = logging.getLogger(__name__)

Observer = Callable[[str, Command, Snapshot], None]
UploadGuard = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetResult:
    """One printer's part of a fleet action."""

    printer_id: str
    ok: bool
    code: str = ""
    why: str = ""


class Fleet:
    """Owns the adapters. A printer that cannot be built is shown as misconfigured, no more."""

    def __init__(
        self,
        configs: Sequence[PrinterConfig],
        registry: Registry,
        clock: Clock,
        data_dir: Path,
        feed: FeedConfig | None = None,
    ) -> None:
        self.run_id = secrets.token_hex(8)
        """Goes out with every report to other farms, so that none comes back as news."""
        self._registry = registry
        self._clock = clock
        self.counts = FleetCounts(clock)
        self._adapters: dict[str, Printer] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._observers: list[Observer] = []
        self._upload_guards: list[UploadGuard] = []
        self.configs: dict[str, PrinterConfig] = {config.id: config for config in configs}
        context = AdapterContext(
            publish=registry.publish, clock=clock, data_dir=data_dir, run_id=self.run_id,
            feed=feed or FeedConfig(),
        )  # fmt: skip
        for config in configs:
            self._locks[config.id] = threading.RLock()
            self._build(config, context)

    @staticmethod
    def _make(config: PrinterConfig, context: AdapterContext) -> Printer:
        make = ADAPTERS.get(config.type)
        if make is None:
            spoken = ", ".join(sorted(ADAPTERS))
            raise ConfigError(
                f"This version does not speak to {config.type!r} printers yet, only to: {spoken}."
            )
        return make(config, context)

    def _build(self, config: PrinterConfig, context: AdapterContext) -> None:
        problems = list(config.problems)
        if not problems:
            try:
                adapter = self._make(config, context)
            except FarmError as error:
                problems = [error.message]
            else:
                self._adapters[config.id] = adapter
                self._registry.publish(adapter.status)
                return
        logger.warning("%s: misconfigured, left out: %s", config.id, "; ".join(problems))
        self._registry.publish(
            PrinterStatus(
                printer_id=config.id,
                name=config.name,
                kind=config.type,
                state=PrinterState.MISCONFIGURED,
                message=" ".join(problems),
            )
        )

    def start(self) -> None:
        for adapter in self._adapters.values():
            adapter.start()

    def stop(self, timeout: float = 5.0) -> None:
        """All adapters at once: a dead printer must not hold up the others' farewell."""
        threads = [
            threading.Thread(target=adapter.stop, args=(timeout,), name=f"stop:{printer_id}")
            for printer_id, adapter in self._adapters.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout + 1.0)

    def observe(self, observer: Observer) -> None:
        """Call ``observer(printer_id, command, snapshot before)`` after each accepted command."""
        self._observers.append(observer)

    def guard_uploads(self, guard: UploadGuard) -> None:
        """Hold ``guard(printer_id)`` for the time of each upload (a camera hangs up)."""
        self._upload_guards.append(guard)

    def is_simulated(self, printer_id: str) -> bool:
        """Whether the configuration says so; an unknown printer is a real one."""
        config = self.configs.get(printer_id)
        return config is not None and config.simulate

    def machine_of(self, printer_id: str) -> str:
        """Tells the machine that has this id by the configuration from another that gets it later:
        a Bambu printer by its serial number, the others by their address. "" for an unknown id."""
        config = self.configs.get(printer_id)
        if config is None:
            return ""
        address = "simulated" if config.simulate else f"{config.url.rstrip('/')}|{config.host}"
        told = f"{config.type}|{config.serial or address}"
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def snapshot(self, printer_id: str) -> Snapshot:
        """Raises NotFound for a name that is not in the configuration."""
        snapshot = self._registry.get(printer_id)
        if snapshot is None:
            raise NotFound(
                f"There is no printer with the id {printer_id!r}.", code="printer_not_found"
            )
        return snapshot

    def snapshots(self) -> list[Snapshot]:
        return self._registry.all()

    def adapter(self, printer_id: str) -> Printer:
        """For file and camera work. Raises NotFound, also for a misconfigured printer."""
        snapshot = self.snapshot(printer_id)
        adapter = self._adapters.get(printer_id)
        if adapter is None:
            raise NotFound(
                f"{snapshot.status.name} is misconfigured: {snapshot.status.message}",
                code="printer_misconfigured",
            )
        return adapter

    @contextmanager
    def exclusive(self, printer_id: str) -> Iterator[None]:
        """Keep other commands of this printer out; used between the last look and the start."""
        self.snapshot(printer_id)
        with self._locks[printer_id]:
            yield

    def execute(self, printer_id: str, command: Command) -> CommandResult:
        """Check the gate and send. Raises Blocked with the gate's own code and sentence."""
        adapter = self.adapter(printer_id)
        with self._turn(printer_id, command), self.counts.command(printer_id, command.name):
            snapshot = self.snapshot(printer_id)
            safety.check(command, snapshot, self._clock.monotonic())
            result = adapter.execute(command)
        self._tell(printer_id, command, snapshot)
        return result

    def _tell(self, printer_id: str, command: Command, snapshot: Snapshot) -> None:
        """The printer has taken the command; whoever listens cannot undo that by failing."""
        for observer in self._observers:
            try:
                observer(printer_id, command, snapshot)
            except Exception:
                text = "%s: %s was sent, but the farm could not note it"
                logger.exception(text, printer_id, command.name)

    def _turn(self, printer_id: str, command: Command) -> AbstractContextManager[Any]:
        """Commands of one printer wait for each other; what ends harm waits for none."""
        if isinstance(command, (Stop, Pause, EmergencyStop)):
            return nullcontext()
        return self._locks[printer_id]

    def execute_many(self, printer_ids: Sequence[str], command: Command) -> list[FleetResult]:
        """One command to several printers at once, each through its own gate, none waiting long."""
        results: dict[str, FleetResult] = {}

        def run(printer_id: str) -> None:
            try:
                result = self.execute(printer_id, command)
            except FarmError as error:
                results[printer_id] = FleetResult(
                    printer_id=printer_id, ok=False, code=error.error_code, why=error.message
                )
            else:
                results[printer_id] = FleetResult(printer_id=printer_id, ok=True, why=result.text)

        threads = [
            threading.Thread(target=run, args=(printer_id,), name=f"fleet:{printer_id}")
            for printer_id in dict.fromkeys(printer_ids)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [
            results.get(
                printer_id,
                FleetResult(
                    printer_id=printer_id,
                    ok=False,
                    code="internal_error",
                    why="The command failed inside the farm; see the server's log.",
                ),
            )
            for printer_id in dict.fromkeys(printer_ids)
        ]

    def start_print(self, printer_id: str, command: StartPrint) -> CommandResult:
        """job_queue's own door for a start. The caller holds the job and its bed permission."""
        adapter = self.adapter(printer_id)
        with self._locks[printer_id], self.counts.start(printer_id, command.name):
            safety.check_start(self.snapshot(printer_id), command, self._clock.monotonic())
            return adapter.start_print(command)

    def upload(
        self,
        printer_id: str,
        source: Path,
        remote_name: str,
        progress: Progress,
        cancel: threading.Event,
    ) -> int:
        """Bytes on the printer as it reports them. Not under the command lock: it takes minutes."""
        adapter = self.adapter(printer_id)
        with ExitStack() as guards:
            for guard in self._upload_guards:
                guards.enter_context(guard(printer_id))
            guards.enter_context(self.counts.upload())
            return adapter.upload(source, remote_name, progress, cancel)

    def list_files(self, printer_id: str, folder: str = "/") -> tuple[RemoteFile, ...]:
        """The printer's storage. Raises Blocked while a start is open there."""
        adapter = self.adapter(printer_id)
        safety.check_files(self.snapshot(printer_id), self._clock.monotonic())
        return adapter.list_files(folder)

    def job_picture(self, printer_id: str, path: str) -> bytes | None:
        """The picture inside the file that the printer names as its job (JobProgress.file).

        Raises Blocked while a start is open there.
        """
        adapter = self.adapter(printer_id)
        safety.check_files(self.snapshot(printer_id), self._clock.monotonic())
        return adapter.thumbnail(path if path.startswith("/") else f"/{path}")

    def own_videos(self, printer_id: str) -> tuple[OwnVideo, ...]:
        """Raises Blocked while a start is open there."""
        adapter = self.adapter(printer_id)
        safety.check_files(self.snapshot(printer_id), self._clock.monotonic())
        return adapter.own_videos()

    def fetch_own_video(
        self,
        printer_id: str,
        name: str,
        target: Path,
        progress: Progress,
        cancel: threading.Event,
    ) -> Receipt:
        """Takes minutes, and ends with Blocked as soon as a start needs the printer."""
        adapter = self.adapter(printer_id)

        def tick(moved: int, size: int) -> None:
            safety.check_files(self.snapshot(printer_id), self._clock.monotonic())
            progress(moved, size)

        safety.check_files(self.snapshot(printer_id), self._clock.monotonic())
        with ExitStack() as guards:
            for guard in self._upload_guards:
                guards.enter_context(guard(printer_id))
            return adapter.fetch_own_video(name, target, tick, cancel)

    def remove_own_video(self, printer_id: str, name: str, size_bytes: int) -> None:
        """Only a video that has been fetched and looked at again. Raises Blocked, NotFound."""
        adapter = self.adapter(printer_id)
        safety.check_files(self.snapshot(printer_id), self._clock.monotonic())
        adapter.remove_own_video(name, size_bytes)

    def camera(self, printer_id: str) -> CameraSource | None:
        self.snapshot(printer_id)
        adapter = self._adapters.get(printer_id)
        return adapter.camera() if adapter else None

    def diagnostics(self, printer_id: str) -> Mapping[str, Any]:
        return self.adapter(printer_id).diagnostics()

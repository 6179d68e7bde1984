"""One PrusaLink printer: the Printer interface over its API v1.

The printer's own thread polls (poller.py, watcher.py); callers' threads send commands and files.
Source: octoprint-moonraker 3 and 4, and docs/prusalink-flavours.md for what was measured.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from core.config import PrinterConfig
from core.errors import Blocked, PrinterOffline, PrinterRejected, Unusable
from printers import commands as c
from printers.base import AdapterContext, CameraSource, CommandResult, Printer, Progress
from printers.lan.address import Address
from printers.lan.backoff import Backoff
from printers.lan.http_answers import Answered, Malformed
from printers.lan.supervisor import Supervisor
from printers.lan.trust import Trust
from printers.prusalink import paths
from printers.prusalink import refusals as words
from printers.prusalink.client import PrusaLinkClient
from printers.prusalink.commands import build, is_job_order, job_order
from printers.prusalink.files import FileStore
from printers.prusalink.flavour import Server, serial_of
from printers.prusalink.index import FileIndex
from printers.prusalink.parse import COOLING
from printers.prusalink.poller import Poller
from printers.prusalink.rhythm import Rhythm
from printers.prusalink.upload import Uploader
from printers.prusalink.watcher import Watcher
from printers.status import PrinterStatus

_RETRY_S = (1.0, 8.0)
"""PrusaLink answers 503 for some 10 s after its start (measured): tried again soon enough."""


class PrusaLinkPrinter(Printer):
    """See Printer. ``url`` with ``api_key``, or with ``user`` and ``password`` (HTTP digest)."""

    kind: ClassVar[str] = "prusalink"

    def __init__(
        self,
        config: PrinterConfig,
        context: AdapterContext,
        rhythm: Rhythm | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Raises ConfigError for an address or authority that cannot be used. No network."""
        super().__init__(config, context)
        rhythm = rhythm or Rhythm()
        self._rhythm = rhythm
        self._address = Address.parse(config.url, config.name)
        self._trust = Trust(config, self._address, context.data_dir)
        self._client = PrusaLinkClient(config, self._address, self._trust)
        self._watcher = Watcher(
            config, context, self._client, rhythm, lambda: self._supervisor.session_is_good()
        )
        self._poller = Poller(
            config.name,
            config.model,
            self._address,
            self._trust,
            self._client,
            rhythm,
            context.clock,
            self._watcher,
        )
        patience = backoff or Backoff(retry=_RETRY_S)
        self._supervisor = Supervisor(config, self._poller, patience, "http")
        index = FileIndex(config.name, self._client, rhythm, context.clock)
        self._files = FileStore(config.name, self._client, self._server, index)
        self._uploader = Uploader(
            config.name,
            self._client,
            self._server,
            index,
            self._watcher.uploading,
            rhythm,
            context.clock,
        )

    def _server(self) -> Server:
        return self._watcher.server

    def start(self) -> None:
        self._supervisor.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._poller.leave()
        self._supervisor.stop(timeout)

    @property
    def status(self) -> PrinterStatus:
        return self._watcher.status

    # -- commands ------------------------------------------------------------------------------

    def execute(self, command: c.Command, timeout: float = 8.0) -> CommandResult:
        match command:
            case c.StartPrint():
                raise Unusable("A start goes through start_print.")
            case c.Reconnect():
                self._supervisor.restart()
                return CommandResult(text="connecting again")
            case c.TrustCertificate(sha256=sha256):
                self._trust.confirm(sha256)
                self._supervisor.restart()
                return CommandResult(text="certificate trusted, connecting")
            case _:
                self._require_session()
                if is_job_order(command):
                    return self._order_job(command, timeout)
                return self._order(command, timeout)

    def _order(self, command: c.Command, timeout: float) -> CommandResult:
        for request in build(command, self._watcher.server, self.config.name):
            try:
                self._client.send(request, timeout)
            except Answered as error:
                raise words.refused(self.config.name, error) from error
        self._watcher.ordered(command)
        self._poller.poke()
        return CommandResult()

    def _order_job(self, command: c.Command, timeout: float) -> CommandResult:
        """For exactly the job that is shown. PrusaLink answers before the printer has acted."""
        job = self._watcher.job_id
        if job is None:
            raise PrinterRejected(f"{self.config.name} has no job now.", code="no_job")
        try:
            self._client.send(job_order(command, job), timeout)
            self._watcher.ordered(command, job)
        except Answered as error:
            raise words.job_refused(self.config.name, command, error) from error
        finally:
            self._poller.poke()
        return CommandResult(pending=True)

    def _require_session(self) -> None:
        status = self.status
        if not status.link.online:
            raise PrinterOffline(status.message or f"{self.config.name} is offline.")

    # -- the start -----------------------------------------------------------------------------

    def refresh(self, timeout: float = 10.0) -> PrinterStatus:
        self._require_session()
        self._require_same_machine(timeout)
        self._poller.poke()
        return self._watcher.wait_answer(timeout)

    def _require_same_machine(self, timeout: float) -> None:
        """Routers give addresses away, and the other printer may have the same key."""
        known = self._watcher.server.serial
        said = serial_of(self._client.info(timeout, once=True))
        if known and said and said != known:
            self._supervisor.restart()
            raise PrinterOffline(
                f"Another printer ({said}) answers at the address of {self.config.name} now. "
                "Nothing was sent. Check both printers' addresses, and look at their beds.",
                code="another_machine",
            )

    def start_print(self, command: c.StartPrint, timeout: float = 15.0) -> CommandResult:
        """The Pi refuses a start while it shows the last job's end (11 s): waited for, before
        anything is sent. The start itself is sent once."""
        self._require_session()
        place = paths.locate(command.remote_name, self._watcher.server)
        self._wait_for_end_screen()
        try:
            self._client.start(place, timeout)
        except (Answered, Malformed) as error:
            raise words.start_refused(self.config.name, error) from error
        finally:
            self._watcher.ordered(command)
            self._poller.poke()
        return CommandResult()

    def _wait_for_end_screen(self) -> None:
        if not self._watcher.server.is_pi or self._watcher.word not in COOLING:
            return
        self._watcher.hurry()
        self._poller.poke()
        if not self._watcher.wait_word(COOLING, self._rhythm.start_wait):
            raise PrinterRejected(
                f"{self.config.name} still shows the end of its last print and takes no new one "
                "yet. Nothing was sent; start again in a few seconds.",
                code="cooling_down",
            )
        self._require_session()
        if not self.status.state.is_at_rest:
            raise Blocked(
                f"{self.config.name} is {self.status.state.value} by now. Nothing was started.",
                code="printer_busy",
            )

    # -- files ---------------------------------------------------------------------------------

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        self._require_session()
        return self._uploader.upload(source, remote_name, progress, cancel)

    def remote_size(self, remote_name: str) -> int | None:
        self._require_session()
        return self._files.size(remote_name)

    def delete_remote(self, path: str) -> None:
        self._require_session()
        self._files.delete(path)

    def list_files(self, folder: str = "/") -> tuple[c.RemoteFile, ...]:
        self._require_session()
        return self._files.list_files(folder)

    def download(self, path: str, target: Path, progress: Progress | None = None) -> None:
        self._require_session()
        self._files.download(path, target, progress)

    # -- the rest ------------------------------------------------------------------------------

    def camera(self) -> CameraSource | None:
        """The Pi's first camera, one picture at a time. It wants the key: the camera reader
        cannot answer its MD5-sess digest, so without a key there is none."""
        if not self.config.camera_enabled or not self._watcher.server.camera:
            return None
        if not self.config.api_key:
            return None
        return CameraSource(
            kind="snapshot",
            host=self._address.host,
            port=self._address.port,
            url=self._address.url("/api/v1/cameras/snap"),
            headers=self._client.headers,
            tls=self._trust.context,
        )

    def diagnostics(self) -> Mapping[str, Any]:
        status, server = self.status, self._watcher.server
        return {
            "state": status.state.value,
            "link": {"online": status.link.online, "text": status.link.text},
            "attempts": self._supervisor.attempts,
            "polls": self._poller.polls,
            "failures": {"count": self._poller.failures, "last": self._poller.last_failure},
            "observed_at": status.observed_at,
            "flavour": server.flavour.value,
            "server": server.text,
            "firmware": server.firmware,
            "model": server.model.name,
            "storages": [storage.name for storage in server.storages],
            "sign_in": "key" if self.config.api_key else "digest" if self.config.user else "none",
            "report": dict(self._watcher.last),
        }

"""One printer behind OctoPrint: the Printer interface over REST and its websocket."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from core.config import PrinterConfig
from core.errors import (
    ConfigError,
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
    Unusable,
)
from printers import commands as c
from printers.base import AdapterContext, CameraSource, CommandResult, Printer, Progress
from printers.lan.address import Address
from printers.lan.backoff import Backoff
from printers.lan.http_answers import Answered, Malformed
from printers.lan.report import StatusKeeper
from printers.lan.supervisor import Supervisor
from printers.lan.trust import Trust
from printers.octoprint.client import Client
from printers.octoprint.commands import calls, start_call
from printers.octoprint.files import FileStore
from printers.octoprint.reading import Reading
from printers.octoprint.session import Session
from printers.octoprint.settings import limits_of
from printers.octoprint.timing import Timing
from printers.status import PrinterStatus

_EMERGENCY_TIMEOUT_S = 4.0
_RETRY_S = (1.0, 10.0)
"""A server that is back shall be seen within 20 s."""


class OctoPrintPrinter(Printer):
    """See Printer. Options: ``max_nozzle_c``, ``max_bed_c``, ``max_chamber_c`` (whole °C)."""

    kind: ClassVar[str] = "octoprint"

    def __init__(
        self,
        config: PrinterConfig,
        context: AdapterContext,
        timing: Timing | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Raises ConfigError for a setting that cannot be used. No network, no disk."""
        super().__init__(config, context)
        if not config.url or not config.api_key:
            raise ConfigError(f'{config.name} needs the "url" and an "api_key" of its OctoPrint.')
        limits = limits_of(config)
        address = self._address = Address.parse(config.url, config.name)
        self._trust = Trust(config, address, context.data_dir)
        self._client = Client(config.name, address, self._trust, config.api_key)
        self._keeper = StatusKeeper(config, context, self.kind)
        self._reading = Reading(config, limits, context.clock, self._keeper.report)
        self._session = Session(
            config,
            address,
            self._trust,
            self._client,
            self._reading,
            self._keeper,
            timing or Timing(),
        )
        self._supervisor = Supervisor(config, self._session, backoff or Backoff(_RETRY_S), "ws")
        self._session.attach(self._supervisor)
        self._files = FileStore(config.name, self._client)

    def start(self) -> None:
        self._supervisor.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._supervisor.stop(timeout)
        self._client.close()

    @property
    def status(self) -> PrinterStatus:
        return self._keeper.status

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
            case c.EmergencyStop():
                return self._order(command, min(timeout, _EMERGENCY_TIMEOUT_S))
            case _:
                return self._order(command, timeout)

    def _order(self, command: c.Command, timeout: float) -> CommandResult:
        """On a connection of its own: a pooled one that has died would leave it uncertain."""
        for call in calls(command, self._reading.heated):
            self._client.post(call, timeout, once=True)
            self._reading.sent(*call.lines)
        if isinstance(command, c.Stop):
            self._reading.cancelled()
        return CommandResult()

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        return self._files.upload(source, remote_name, progress, cancel)

    def remote_size(self, remote_name: str) -> int | None:
        return self._files.size(remote_name)

    def delete_remote(self, path: str) -> None:
        self._files.delete(path)

    def list_files(self, folder: str = "/") -> tuple[c.RemoteFile, ...]:
        return self._files.list_files(folder)

    def download(self, path: str, target: Path, progress: Progress | None = None) -> None:
        self._files.download(path, target, progress)

    def refresh(self, timeout: float = 10.0) -> PrinterStatus:
        """By REST, which answers with what is true when it answers."""
        if not self._session.how:
            text = self.status.message or f"There is no connection to {self.config.name}."
            raise PrinterOffline(text)
        try:
            self._session.look(timeout)
        except PrinterRejected as error:
            raise PrinterOffline(error.message) from error
        return self.status

    def start_print(self, command: c.StartPrint, timeout: float = 15.0) -> CommandResult:
        """One select with print, once. Only a refusal is certain; a gateway's error is not."""
        try:
            self._client.post(start_call(command.remote_name), timeout, once=True)
        except (Answered, Malformed) as error:
            if isinstance(error, Answered) and error.http_status < 500:
                raise
            said = error.message.rstrip(".")
            raise PrinterTimeout(
                f"{said}. Whether OctoPrint of {self.config.name} started it is not known."
            ) from error
        return CommandResult()

    def camera(self) -> CameraSource | None:
        webcam, address = self._session.webcam, self._address
        if not webcam or not self.config.camera_enabled:
            return None
        stream, single = webcam.stream_url, webcam.snapshot_url
        ours = all(address.owns(url) for url in (stream, single) if url)
        key = self.config.api_key

        def headers() -> Mapping[str, str]:
            return {"X-Api-Key": key.reveal()} if ours else {}

        return CameraSource(
            kind="mjpeg" if stream else "snapshot",
            url=stream or single,
            snapshot_url=single,
            headers=headers,
            tls=self._tls if ours and address.secure else None,
            flip_h=webcam.flip_h,
            flip_v=webcam.flip_v,
            rotate_90=webcam.rotate_90,
        )

    def _tls(self) -> ssl.SSLContext | None:
        return self._trust.context()

    def diagnostics(self) -> Mapping[str, Any]:
        session, inbox, status = self._session, self._session.inbox, self.status
        pinned = self._trust.pinned
        return {
            "state": status.state.value,
            "raw_state": self._reading.raw_state,
            "link": {"online": status.link.online, "text": status.link.text},
            "session": session.how,
            "attempts": self._supervisor.attempts,
            "sessions": session.sessions,
            "messages": {
                "received": inbox.received,
                "reports": self._reading.frames,
                "events": self._reading.events,
                "dropped": inbox.dropped,
                "last_drop": inbox.last_drop,
                "failed": inbox.failures,
            },
            "observed_at": status.observed_at,
            "certificate_sha256": pinned.sha256 if pinned else None,
            "firmware": status.machine.firmware,
        }

"""One printer behind Moonraker: the Printer interface over its WebSocket and its HTTP files.

Commands go over the WebSocket, where Moonraker tells the true reason of a refusal and where none
waits behind another that Klipper's queue holds up (octoprint-moonraker 4.Moonraker.3 and 4).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from core.config import PrinterConfig
from core.errors import ConfigError, PrinterOffline, PrinterTimeout, Unusable
from printers import commands as c
from printers.base import AdapterContext, CameraSource, CommandResult, Printer, Progress
from printers.lan.address import Address
from printers.lan.diagnostics import scrub
from printers.lan.http_client import HttpClient
from printers.lan.remote_paths import stored_path
from printers.lan.report import StatusKeeper
from printers.lan.trust import Trust
from printers.moonraker import camera, words
from printers.moonraker.client import Connector, Timing, require
from printers.moonraker.commands import order_of, start_of
from printers.moonraker.courier import Courier
from printers.moonraker.files import FileStore
from printers.moonraker.link import Link
from printers.moonraker.listener import PrinterListener
from printers.status import PrinterStatus

_KEY_HEADER = "X-Api-Key"


class MoonrakerPrinter(Printer):
    """See Printer. Options: ``light_pin`` (name of an output_pin or led), ``webcam`` (its name)."""

    kind: ClassVar[str] = "moonraker"

    def __init__(
        self, config: PrinterConfig, context: AdapterContext, timing: Timing | None = None
    ) -> None:
        """Raises ConfigError for an impossible address or option. No network, no disk."""
        super().__init__(config, context)
        timing = timing or Timing()
        name, address = config.name, Address.parse(config.url, config.name)
        self._webcam = _option(config, "webcam")
        light = _option(config, "light_pin")
        self._address = address
        self._trust = trust = Trust(config, address, context.data_dir)
        self._web = HttpClient(name, address, trust, headers=self._key)
        self._files = FileStore(name, self._web)
        self._keeper = StatusKeeper(config, context, self.kind)
        connector = Connector(name, address, trust, self._web, config.api_key)
        self._link = link = Link(config, address, trust, connector, self._keeper, timing)
        self._listener = PrinterListener(
            config, self._keeper, timing, connector.identity, link.good, light
        )
        self._courier = Courier(name, link, self._web, self._listener)

    def _key(self) -> Mapping[str, str]:
        return {_KEY_HEADER: self.config.api_key.reveal()} if self.config.api_key else {}

    def start(self) -> None:
        self._link.start(self._listener)

    def stop(self, timeout: float = 5.0) -> None:
        self._link.supervisor.stop(timeout)
        self._web.close()

    @property
    def status(self) -> PrinterStatus:
        return self._keeper.status

    def execute(self, command: c.Command, timeout: float = 8.0) -> CommandResult:
        match command:
            case c.StartPrint():
                raise Unusable("A start goes through start_print.")
            case c.Reconnect():
                self._link.supervisor.restart()
                return CommandResult(text="connecting again")
            case c.TrustCertificate(sha256=sha256):
                self._trust.confirm(sha256)
                self._link.supervisor.restart()
                return CommandResult(text="certificate trusted, connecting")
        order = order_of(command, self._listener.picture)
        if isinstance(command, (c.EmergencyStop, c.FirmwareRestart, c.HostRestart)):
            return self._courier.urge(order, timeout)
        return self._courier.send(order, timeout)

    def start_print(self, command: c.StartPrint, timeout: float = 15.0) -> CommandResult:
        """One printer.print.start over the live session; an answer that does not come is
        uncertain, never pending."""
        if not self.status.state.is_connected:
            raise PrinterOffline(words.not_sent(self.config.name))
        return self._courier.start(start_of(stored_path(command.remote_name)), timeout)

    def refresh(self, timeout: float = 10.0) -> PrinterStatus:
        session = require(self._link.session, self.config.name)
        answered = self._listener.ask_all(session).wait(timeout)
        status = self.status
        if answered and status.state.is_connected:
            return status
        if not status.state.is_connected:
            raise PrinterOffline(status.message or words.not_sent(self.config.name))
        raise PrinterTimeout(
            f"{self.config.name} did not send a full report within {timeout:.0f} s."
        )

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

    def thumbnail(self, path: str) -> bytes | None:
        """The picture Moonraker took out of a file on the printer (PNG), None without one."""
        return self._files.thumbnail(path)

    def camera(self) -> CameraSource | None:
        if not self.config.camera_enabled:
            return None
        found = camera.choose(self._listener.facts.webcams, self._webcam)
        if found is None:
            return None
        return camera.source_of(found, self._address, self._trust, self._key)

    def diagnostics(self) -> Mapping[str, Any]:
        status, listener, session = self.status, self._listener, self._link.session
        picture = listener.picture
        return {
            "state": status.state.value,
            "link": {"online": status.link.online, "text": status.link.text},
            "attempts": self._link.supervisor.attempts,
            "sessions": self._link.sessions,
            "messages": {
                "received": session.received if session else 0,
                "dropped": session.dropped if session else 0,
                "failed": listener.failures,
            },
            "observed_at": status.observed_at,
            "certificate_sha256": pin.sha256 if (pin := self._trust.pinned) else None,
            "klippy": {"state": picture.klippy.state, "message": picture.klippy.message},
            "firmware": status.machine.firmware,
            "objects": sorted(picture.layout.listed),
            "report": scrub(dict(picture.objects), self.config.api_key.reveal()),
        }


def _option(config: PrinterConfig, key: str) -> str:
    value = config.options.get(key, "")
    if not isinstance(value, str):
        raise ConfigError(f'The option "{key}" of {config.name} must be a name in quotes.')
    return value.strip()

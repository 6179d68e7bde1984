"""One Bambu printer: the Printer interface over MQTT and FTPS (bambu-lan part A).

Three kinds of threads may be here at once: the printer's own (link.py, listener.py), callers of
commands, and callers of file transfers. What is shown is only changed by the printer's own.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from core.config import PrinterConfig
from core.errors import (
    Blocked,
    ConfigError,
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
    Unusable,
)
from printers import commands as c
from printers.bambu import timelapses
from printers.bambu.commander import Commander
from printers.bambu.identity import Identity
from printers.bambu.link import Link
from printers.bambu.link_words import unreachable
from printers.bambu.listener import PrinterListener
from printers.bambu.models import Model, by_name, by_serial
from printers.bambu.parse_faults import failure_of
from printers.bambu.payloads import GET_VERSION, PUSHALL, View, build
from printers.bambu.proofs import expectation
from printers.bambu.reading import Reading
from printers.bambu.start import URL_FORMS, project_file
from printers.bambu.transfer import FileStore
from printers.bambu.view import view_of
from printers.bambu.watchdog import Timing
from printers.base import (
    AdapterContext,
    CameraSource,
    CommandResult,
    OwnVideo,
    Printer,
    Progress,
    Receipt,
)
from printers.lan.certificates import Certificate, require_shown
from printers.lan.diagnostics import scrub
from printers.lan.dialer import Dialer
from printers.status import PrinterStatus

_BARRIER_TIMEOUT_S = 2.0
_ASK_AGAIN_AFTER_S = (1.5, 3.2, 5.2, 60.0)
"""A printer ignores a second pushall within about a second, some within three."""

_PROTECTIONS = ("auto", "private", "clear")


def _option(config: PrinterConfig, key: str, fallback: str, allowed: tuple[str, ...]) -> str:
    value = config.options.get(key, fallback)
    if value not in allowed:
        raise ConfigError(
            f'The option "{key}" of {config.name} must be one of {", ".join(allowed)}, '
            f"not {value!r}."
        )
    return str(value)


class BambuPrinter(Printer):
    """See Printer. Options: ``url_form`` (start.URL_FORMS), ``ftps_protect`` (auto, private,
    clear)."""

    kind: ClassVar[str] = "bambu"

    def __init__(
        self, config: PrinterConfig, context: AdapterContext, timing: Timing | None = None
    ) -> None:
        """Raises ConfigError for an option with an impossible value. No network, no disk."""
        super().__init__(config, context)
        timing = timing or Timing()
        model = by_name(config.model) or by_serial(config.serial)
        reading = Reading(model)
        self._timing = timing
        self._url_form = _option(config, "url_form", reading.model.url_form, tuple(URL_FORMS))
        protect = _option(config, "ftps_protect", "auto", _PROTECTIONS)
        self._identity = Identity(config.id, config.serial, context.data_dir)
        self._listener = PrinterListener(config, context, self._identity, reading, timing)
        self._link = Link(config, self._identity, timing, self._listener)
        self._commander = Commander(config.name, self._link, self._listener.pending)
        self._listener.attach(self._link, self._commander)
        self._file_dialer = Dialer(config.host)
        self._files = FileStore(
            config.name,
            self._file_dialer,
            config.ftps_port,
            config.access_code,
            lambda: reading.model,
            self._tls,
            protect,
        )

    def start(self) -> None:
        self._link.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._file_dialer.abort()
        self._link.stop(timeout)

    @property
    def status(self) -> PrinterStatus:
        return self._listener.status()

    def execute(self, command: c.Command, timeout: float = 8.0) -> CommandResult:
        match command:
            case c.StartPrint():
                raise Unusable("A start goes through start_print.")
            case c.EmergencyStop():
                raise Unusable(
                    "Bambu printers have no emergency stop over the network. Use the printer's "
                    "switch.",
                    code="not_supported",
                )
            case c.Reconnect():
                self._link.restart()
                return CommandResult(text="connecting again")
            case c.TrustCertificate(sha256=sha256):
                return self._trust(sha256)
            case c.SelectTray(slot=slot):
                return self._select_tray(slot)
            case _:
                return self._order(command, timeout)

    def _order(self, command: c.Command, timeout: float) -> CommandResult:
        before = self.status
        self._commander.order(build(command, self._view()), timeout)
        wanted = expectation(command, before, self._timing)
        if wanted is not None:
            self._listener.proofs.expect(wanted, self.context.clock.monotonic())
        return CommandResult()

    def _select_tray(self, slot: str) -> CommandResult:
        slots = [tray.slot for tray in self.status.trays()]
        if slot and slot not in slots:
            raise Unusable(
                f"{self.config.name} has no slot {slot!r}; it has: {', '.join(slots) or 'none'}.",
                code="no_such_slot",
            )
        self._listener.next_tray = slot
        self._nudge()
        return CommandResult(text="saved for the next start")

    def _nudge(self) -> None:
        """Have the printer's thread publish what was changed from outside."""
        self._listener.mark_dirty()
        if (session := self._link.session) is not None:
            session.nudge()

    def _trust(self, sha256: str) -> CommandResult:
        presented = self._presented()
        name = self.config.name
        require_shown(presented, sha256, name)
        if presented.common_name != self.config.serial:
            raise Blocked(
                f"That certificate belongs to the serial number {presented.common_name or '?'}, "
                f"not to {name}. Correct the address or the serial number instead.",
                code="wrong_printer",
            )
        self._identity.replace(presented)
        self._link.restart()
        return CommandResult(text="certificate trusted, connecting")

    def _presented(self) -> Certificate:
        try:
            return self._identity.look(Dialer(self.config.host), self.config.mqtt_port)
        except OSError as error:
            raise PrinterOffline(unreachable(self.config, error)[1]) from error

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

    def own_videos(self) -> tuple[OwnVideo, ...]:
        return timelapses.listed(self._files)

    def fetch_own_video(
        self, name: str, target: Path, progress: Progress, cancel: threading.Event
    ) -> Receipt:
        path = timelapses.path_of(name)
        return self._files.download(path, target, progress, cancel, timelapses.MAX_BYTES)

    def remove_own_video(self, name: str, size_bytes: int) -> None:
        timelapses.remove(self._files, self.config.name, name, size_bytes)

    def refresh(self, timeout: float = 10.0) -> PrinterStatus:
        """A version request goes first: every report after its answer was made after the call."""
        clock = self.context.clock
        end = clock.monotonic() + timeout
        with contextlib.suppress(PrinterTimeout):
            self._commander.ask(GET_VERSION, min(_BARRIER_TIMEOUT_S, timeout))
        arrived = self._listener.expect_full()
        for patience in _ASK_AGAIN_AFTER_S:
            self._commander.tell(PUSHALL)
            self._listener.asked_for_all()
            left = end - clock.monotonic()
            if arrived.wait(max(0.0, min(patience, left))):
                return self.status
            if left <= patience:
                break
        raise PrinterTimeout(
            f"{self.config.name} did not send a full report within {timeout:.0f} s."
        )

    def start_print(self, command: c.StartPrint, timeout: float = 15.0) -> CommandResult:
        request = project_file(command, self._view(), self._url_form)
        self._listener.held_until = self.context.clock.monotonic() + self._timing.hold
        try:
            self._commander.order((request,), timeout)
        except (PrinterOffline, PrinterRejected):
            self._listener.held_until = 0.0
            raise
        except PrinterTimeout:
            self._forget_tray()
            raise
        self._forget_tray()
        return CommandResult()

    def _forget_tray(self) -> None:
        """It was chosen for one start, and that has been sent."""
        self._listener.next_tray = ""
        self._nudge()

    def camera(self) -> CameraSource | None:
        model = self._model
        if not model.code or not self.config.camera_enabled:
            return None
        jpeg = model.camera == "jpeg"
        return CameraSource(
            kind="bambu_jpeg" if jpeg else "rtsps",
            host=self.config.host,
            port=self.config.camera_port if jpeg else self.config.rtsp_port,
            user="bblp",
            secret=self.config.access_code,
            tls=self._tls,
            pause_during_upload=model.pause_camera_during_upload,
        )

    def diagnostics(self) -> Mapping[str, Any]:
        listener, pin = self._listener, self._identity.pin
        status = self.status
        return {
            "state": status.state.value,
            "link": {"online": status.link.online, "text": status.link.text},
            "attempts": self._link.attempts,
            "sessions": self._link.sessions,
            "messages": {
                "received": listener.inbox.received,
                "repaired": listener.inbox.repaired,
                "dropped": listener.inbox.dropped,
                "last_drop": listener.inbox.last_drop,
                "failed": listener.failures,
            },
            "observed_at": status.observed_at,
            "failure": failure_of(listener.reading.report.data),
            "certificate_sha256": pin.sha256 if pin else None,
            "firmware": status.machine.firmware,
            "model": self._model.name,
            "url_form": self._url_form,
            "ftps_data_clear": self._files.data_is_clear,
            "report": scrub(dict(listener.reading.report.data), self.config.access_code.reveal()),
        }

    @property
    def _model(self) -> Model:
        return self._listener.reading.model

    def _view(self) -> View:
        reading = self._listener.reading
        return view_of(self.config.name, reading.model, reading.parsed, reading.report.data)

    def _tls(self) -> ssl.SSLContext:
        context = self._identity.context
        if context is None:
            raise PrinterOffline(
                f"{self.config.name} has not been seen yet, so its certificate is not known."
            )
        return context

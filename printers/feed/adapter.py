"""A printer of another farm, as that farm's feed shows it. It takes no orders from here."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from core.config import PrinterConfig
from core.errors import Unusable
from printers import commands as c
from printers.base import AdapterContext, CameraSource, CommandResult, Printer, Progress
from printers.feed import words
from printers.feed.address import feed_address
from printers.feed.inbox import Inbox
from printers.feed.link import Link
from printers.feed.picture import PictureBox
from printers.feed.timing import Timing, timing_of
from printers.lan.diagnostics import scrub
from printers.lan.report import StatusKeeper
from printers.lan.trust import Trust
from printers.status import PrinterStatus


class FeedPrinter(Printer):
    """See Printer. ``url`` as address.py reads it, ``user`` and ``password`` for HTTP Basic."""

    kind: ClassVar[str] = "feed"

    def __init__(
        self, config: PrinterConfig, context: AdapterContext, timing: Timing | None = None
    ) -> None:
        """Raises ConfigError for an impossible address. No network, no disk."""
        super().__init__(config, context)
        self._address, self._path = feed_address(config.url, config.id, config.name)
        self._trust = Trust(config, self._address, context.data_dir)
        self._keeper = StatusKeeper(config, context, self.kind, words.lock_of(config.name))
        self._box = PictureBox()
        self._inbox = Inbox(config.id, config.name, self._box)
        self._link = Link(
            config, context, self._address, self._path, self._trust, self._keeper, self._inbox,
            timing or timing_of(context.feed),
        )  # fmt: skip

    def start(self) -> None:
        self._link.supervisor.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._link.supervisor.stop(timeout)

    @property
    def status(self) -> PrinterStatus:
        return self._keeper.status

    def execute(self, command: c.Command, timeout: float = 8.0) -> CommandResult:  # noqa: ARG002
        match command:
            case c.Reconnect():
                self._link.supervisor.restart()
                return CommandResult(text="connecting again")
            case c.TrustCertificate(sha256=sha256):
                self._trust.confirm(sha256)
                self._link.supervisor.restart()
                return CommandResult(text="certificate trusted, connecting")
        raise self._refusal()

    def camera(self) -> CameraSource | None:
        """The other farm's main camera of this printer, as far as it has one."""
        turn = self._link.picture
        if not self.config.camera_enabled or not (turn.announced or self._box.count):
            return None
        return CameraSource(
            kind="feed", pictures=self._box.wait, flip_h=turn.flip_h, flip_v=turn.flip_v,
            rotate=turn.rotate,
        )  # fmt: skip

    def diagnostics(self) -> Mapping[str, Any]:
        status, inbox = self.status, self._inbox
        return {
            "state": status.state.value,
            "link": {"online": status.link.online, "text": status.link.text},
            "attempts": self._link.supervisor.attempts,
            "sessions": self._link.sessions,
            "frames": {"read": inbox.frames, "not_a_printer": inbox.garbage},
            "pictures": {"read": self._box.count, "broken": inbox.bad_pictures},
            "observed_at": status.observed_at,
            "certificate_sha256": pin.sha256 if (pin := self._trust.pinned) else None,
            "through": len(status.via),
            "report": scrub(dict(inbox.last), self.config.password.reveal()),
        }

    # -- what belongs to the other farm --------------------------------------------------------

    def _refusal(self) -> Unusable:
        return Unusable(words.not_ours(self.config.name), code=words.CODE)

    def upload(
        self,
        source: Path,  # noqa: ARG002 - as all of these
        remote_name: str,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
        cancel: threading.Event,  # noqa: ARG002
    ) -> int:
        raise self._refusal()

    def remote_size(self, remote_name: str) -> int | None:  # noqa: ARG002
        raise self._refusal()

    def delete_remote(self, path: str) -> None:  # noqa: ARG002
        raise self._refusal()

    def list_files(self, folder: str = "/") -> tuple[c.RemoteFile, ...]:  # noqa: ARG002
        raise self._refusal()

    def download(
        self,
        path: str,  # noqa: ARG002
        target: Path,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> None:
        raise self._refusal()

    def refresh(self, timeout: float = 10.0) -> PrinterStatus:  # noqa: ARG002
        raise self._refusal()

    def start_print(self, command: c.StartPrint, timeout: float = 15.0) -> CommandResult:  # noqa: ARG002
        raise self._refusal()

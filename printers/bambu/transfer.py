"""Files to, from and on one printer: one FTPS session at a time, and SIZE has the last word."""

from __future__ import annotations

import ftplib
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from core.errors import (
    Blocked,
    FarmError,
    NotFound,
    TooLarge,
    UploadCancelled,
    UploadFailed,
)
from core.files import sync_folder
from core.secret import Secret
from printers.bambu import listing
from printers.bambu.fetching import fetch_to, own_disk
from printers.bambu.ftps import NoProtection, PrinterFtp, Stalled
from printers.bambu.models import FtpsProfile, Model
from printers.bambu.transfer_words import Purpose, farm_error
from printers.base import Progress, Receipt
from printers.commands import RemoteFile
from printers.lan.dialer import Dialer

logger = logging.getLogger(__name__)

T = TypeVar("T")

TRANSFER_ERRORS = (ftplib.Error, OSError, EOFError)

SLOWEST_BYTES_S = 25_000
SHORTEST_DEADLINE_S = 600.0
TURN_TIMEOUT_S = 5.0
LIST_LIMIT = 4 * 1024 * 1024


def deadline_for(size: int) -> float:
    """Seconds a transfer of ``size`` bytes may take: P1 and A1 manage 50 to 150 kB/s."""
    return max(SHORTEST_DEADLINE_S, size / SLOWEST_BYTES_S)


class FileStore:
    """A printer's storage. Every method may be called from any thread and blocks it."""

    def __init__(
        self,
        name: str,
        dialer: Dialer,
        port: int,
        access_code: Secret,
        model: Callable[[], Model],
        tls: Callable[[], ssl.SSLContext],
        protect: str = "auto",
    ) -> None:
        self._name = name
        self._dialer = dialer
        self._port = port
        self._code = access_code
        self._model_now = model
        self._tls = tls
        self._protect = protect
        self._fell_back = False
        self._turn = threading.Lock()
        self._waiting = 0  # callers that a start depends on
        self._waiting_lock = threading.Lock()

    @property
    def data_is_clear(self) -> bool:
        """Whether data travels without TLS (learned for some A1 firmware)."""
        if self._protect != "auto":
            return self._protect == "clear"
        return self._fell_back or self._profile.protect == "C"

    @property
    def _model(self) -> Model:
        return self._model_now()

    @property
    def _profile(self) -> FtpsProfile:
        return self._model_now().ftps

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        """See Printer.upload."""
        size = source.stat().st_size
        with self._urgent(), self._my_turn(cancel):
            for last in (False, True):
                found = self._put(source, size, remote_name, progress, cancel, last=last)
                if found == size:
                    return size
                self._discard(remote_name)
            there = "nothing" if found is None else f"{found} bytes"
            raise UploadFailed(
                f"{self._name} shows {there} of {remote_name} after the upload instead of "
                f"{size} bytes, twice. Nothing was started. Check its {self._model.storage}."
            )

    def size(self, path: str) -> int | None:
        def ask(ftp: PrinterFtp) -> int | None:
            return _size(ftp, path)

        with self._urgent():
            return self._once(Purpose.LOOK, ask)

    def delete(self, path: str) -> None:
        def remove(ftp: PrinterFtp) -> None:
            ftp.voidcmd(f"DELE {path}")

        with self._urgent():
            self._once(Purpose.DELETE, remove)

    def list_files(self, folder: str) -> tuple[RemoteFile, ...]:
        def fetch(ftp: PrinterFtp) -> tuple[RemoteFile, ...]:
            content = bytearray()

            def limit(moved: int) -> None:
                if moved > LIST_LIMIT:
                    raise Stalled("the listing does not end")

            end = time.monotonic() + 60.0
            ftp.receive(f"LIST {folder}", content.extend, limit, end)
            ftp.finish(self._profile.reply_226_timeout_s)
            return listing.parse(content.decode("utf-8", "replace"), folder)

        return self._once(Purpose.LOOK, fetch)

    def download(
        self,
        path: str,
        target: Path,
        progress: Progress | None,
        cancel: threading.Event | None = None,
        limit_bytes: int | None = None,
    ) -> Receipt:
        """``target`` appears only when the size is what the printer announced.

        With ``cancel`` it is work that can wait: it ends with Blocked (gave_way) as soon as
        somebody else has to use the printer's one session.
        """

        def fetch(ftp: PrinterFtp) -> Receipt:
            size = _size(ftp, path)
            if size is None:
                raise NotFound(f"{self._name} has no file {path}.", code="file_not_found")
            if limit_bytes is not None and size > limit_bytes:
                raise TooLarge(
                    f"{path} on {self._name} is larger than {limit_bytes // 1_000_000} MB."
                )
            partial = target.with_name(target.name + ".part")
            try:
                receipt = fetch_to(
                    ftp, path, partial, size, self._tick(progress, cancel),
                    deadline=time.monotonic() + deadline_for(size),
                    patience=self._profile.reply_226_timeout_s,
                )  # fmt: skip
                with own_disk():
                    partial.replace(target)
                    sync_folder(target.parent)
            finally:
                partial.unlink(missing_ok=True)
            return receipt

        return self._once(Purpose.DOWNLOAD, fetch)

    def _tick(self, progress: Progress | None, cancel: threading.Event | None) -> Progress:
        def tick(moved: int, size: int) -> None:
            if cancel is not None and cancel.is_set():
                raise UploadCancelled(
                    f"Fetching from {self._name} was cancelled.", code="fetch_cancelled"
                )
            if cancel is not None and self._waiting:
                raise Blocked(
                    f"Fetching from {self._name} gave way to another transfer. Try again later.",
                    code="gave_way",
                )
            if progress is not None:
                progress(min(moved, size), size)

        return tick

    def _put(
        self,
        source: Path,
        size: int,
        remote_name: str,
        progress: Progress,
        cancel: threading.Event,
        *,
        last: bool,
    ) -> int | None:
        """One attempt; the size the printer shows afterwards."""

        def tick(moved: int) -> None:
            if cancel.is_set():
                raise UploadCancelled(f"The upload to {self._name} was cancelled.")
            progress(min(moved, size), size)

        def store(ftp: PrinterFtp) -> int | None:
            with source.open("rb") as handle:
                tick(0)
                ftp.send(f"STOR {remote_name}", handle, tick, time.monotonic() + deadline_for(size))
            ftp.finish(self._profile.reply_226_timeout_s, cancel)
            return _size(ftp, remote_name)

        try:
            return self._with_session(store)
        except (ftplib.error_temp, ftplib.error_proto, OSError, EOFError) as error:
            if isinstance(error, ftplib.error_temp) and not _is_426(error):
                raise self._failed(error, remote_name) from error
            if isinstance(error, (Stalled, NoProtection, ssl.SSLCertVerificationError)):
                raise self._failed(error, remote_name) from error
            return self._second_opinion(error, remote_name, last=last)
        except ftplib.Error as error:
            raise self._failed(error, remote_name) from error
        except UploadCancelled:
            self._discard(remote_name)
            raise

    def _second_opinion(self, error: Exception, remote_name: str, *, last: bool) -> int | None:
        """After a broken end: ask in a new session what really arrived."""
        try:
            found = self._with_session(lambda ftp: _size(ftp, remote_name))
        except TRANSFER_ERRORS:
            raise farm_error(error, Purpose.UPLOAD, self._name, self._model) from error
        if found is None and last:
            raise farm_error(error, Purpose.UPLOAD, self._name, self._model) from error
        logger.info("%s: transfer ended with %s, SIZE is %s", self._name, error, found)
        return found

    def _failed(self, error: Exception, remote_name: str) -> FarmError:
        self._discard(remote_name)
        return farm_error(error, Purpose.UPLOAD, self._name, self._model)

    def _discard(self, remote_name: str) -> None:
        """Delete a partial file where the printer allows it."""
        try:
            self._with_session(lambda ftp: ftp.voidcmd(f"DELE {remote_name}"))
        except (FarmError, *TRANSFER_ERRORS) as error:
            logger.info("%s: partial %s not deleted (%s)", self._name, remote_name, error)

    def _once(self, purpose: Purpose, act: Callable[[PrinterFtp], T]) -> T:
        with self._my_turn(None):
            try:
                return self._with_session(act)
            except TRANSFER_ERRORS as error:
                raise farm_error(error, purpose, self._name, self._model) from error

    def _with_session(self, act: Callable[[PrinterFtp], T]) -> T:
        """Run ``act`` in a session of its own; once more in the clear where TLS data fails."""
        try:
            return self._in_session(act)
        except NoProtection:
            may = self._protect == "auto" and self._profile.clear_fallback
            if self.data_is_clear or not may:
                raise
            self._fell_back = True
            logger.warning("%s: file server breaks encrypted data, sending it clear", self._name)
        return self._in_session(act)

    def _in_session(self, act: Callable[[PrinterFtp], T]) -> T:
        ftp = PrinterFtp(self._dialer, self._tls(), self._profile)
        polite = False
        try:
            ftp.open(self._port, self._code.reveal(), clear_data=self.data_is_clear)
            result = act(ftp)
            polite = True
            return result
        except ftplib.error_perm:
            polite = True
            raise
        finally:
            ftp.end(polite=polite)

    @contextmanager
    def _urgent(self) -> Iterator[None]:
        """What can wait gives way while this is held."""
        with self._waiting_lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._waiting_lock:
                self._waiting -= 1

    @contextmanager
    def _my_turn(self, cancel: threading.Event | None) -> Iterator[None]:
        """One session per printer: two at once make both fail on real ones."""
        if cancel is None:
            if not self._turn.acquire(timeout=TURN_TIMEOUT_S):
                raise Blocked(
                    f"{self._name} is busy with another file transfer. Try again afterwards.",
                    code="transfer_running",
                )
        else:
            while not self._turn.acquire(timeout=0.25):
                if cancel.is_set():
                    raise UploadCancelled(f"The upload to {self._name} was cancelled.")
        try:
            yield
        finally:
            self._turn.release()


def _is_426(error: Exception) -> bool:
    return str(error)[:3] == "426"


def _size(ftp: PrinterFtp, path: str) -> int | None:
    """SIZE in bytes, None when the file is not there. Raises ftplib.Error."""
    try:
        reply: Any = ftp.size(path)
    except ftplib.error_perm as error:
        if str(error)[:3] == "550":
            return None
        raise
    except ValueError as error:
        raise ConnectionError("SIZE is no number") from error
    return reply if isinstance(reply, int) else None

"""The FTP commands of a printer: folders, files, listings and transfers."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from simulator.bambu import ftps_transfer as transfer
from simulator.bambu.ftps_transfer import FtpReply, PassivePort, Protection
from simulator.bambu.tls_stream import PlainStream, TlsStream
from simulator.knobs import Knobs
from simulator.storage import Entry, Storage, normalise

if TYPE_CHECKING:
    from simulator.bambu.ftps_server import FtpsEndpoint

Handler = Callable[[str], Awaitable[None]]
_FEATURES = ["EPSV", "PASV", "PBSZ", "PROT", "SIZE", "UTF8"]


class FtpsCommands(ABC):
    """Everything after the login. ``handlers`` has one entry per command a printer knows."""

    def __init__(self, endpoint: FtpsEndpoint) -> None:
        self.endpoint = endpoint
        self._folder = "/"
        self._private = False
        self._passive: PassivePort | None = None
        self._rename_from: str | None = None
        self.handlers: dict[str, Handler] = {
            "FEAT": lambda _a: self.reply_lines(211, "Features:", _FEATURES, "End"),
            "SYST": lambda _a: self.reply(215, "UNIX Type: L8"),
            "NOOP": lambda _a: self.reply(200, "NOOP ok."),
            "OPTS": lambda _a: self.reply(200, "Always in UTF8 mode."),
            "TYPE": lambda _a: self.reply(200, "Switching type."),
            "MODE": lambda _a: self.reply(200, "Mode set to S."),
            "STRU": lambda _a: self.reply(200, "Structure set to F."),
            "ABOR": lambda _a: self.reply(225, "No transfer to ABOR."),
            "PBSZ": lambda _a: self.reply(200, "PBSZ set to 0."),
            "PROT": self._prot,
            "PASV": self._pasv,
            "EPSV": self._epsv,
            "PWD": lambda _a: self.reply(257, f'"{self._folder}" is the current directory'),
            "CWD": self._cwd,
            "CDUP": lambda _a: self._cwd(".."),
            "LIST": self._list,
            "NLST": self._nlst,
            "SIZE": self._size,
            "AVBL": self._avbl,
            "RETR": self._retr,
            "STOR": self._stor,
            "DELE": self._dele,
            "MKD": self._mkd,
            "RMD": self._rmd,
            "RNFR": self._rnfr,
            "RNTO": self._rnto,
        }

    @abstractmethod
    async def reply(self, code: int, text: str) -> None: ...

    @abstractmethod
    async def reply_lines(self, code: int, first: str, lines: list[str], last: str) -> None: ...

    @property
    def knobs(self) -> Knobs:
        return self.endpoint.rules.knobs

    @property
    def storage(self) -> Storage:
        """Raises FtpReply 550 when there is no card."""
        if self.knobs.sd_missing:
            raise FtpReply(550, "No storage.")
        return self.endpoint.rules.storage

    @property
    def writable(self) -> Storage:
        """Raises FtpReply 553 when there is no card or it is write-protected."""
        if self.knobs.sd_missing or self.knobs.sd_readonly:
            raise FtpReply(553, "Could not create file.")
        return self.endpoint.rules.storage

    def _path(self, argument: str) -> str:
        return normalise(argument if argument.startswith("/") else f"{self._folder}/{argument}")

    # data connections

    async def _prot(self, argument: str) -> None:
        if argument.upper() not in ("P", "C"):
            raise FtpReply(536, "PROT not supported.")
        self._private = argument.upper() == "P"
        await self.reply(200, f"PROT now {'Private' if self._private else 'Clear'}.")

    async def _pasv(self, _argument: str) -> None:
        port = self._open_passive().port
        address = "0.0.0.0" if self.knobs.ftps_pasv_zero else self.endpoint.host
        numbers = ",".join([*address.split("."), str(port >> 8), str(port & 255)])
        await self.reply(227, f"Entering Passive Mode ({numbers}).")

    async def _epsv(self, _argument: str) -> None:
        port = self._open_passive().port
        await self.reply(229, f"Entering Extended Passive Mode (|||{port}|)")

    def _open_passive(self) -> PassivePort:
        self.close_passive()
        self._passive = PassivePort(self.endpoint.host)
        return self._passive

    def close_passive(self) -> None:
        if self._passive is not None:
            self._passive.close()
            self._passive = None

    @asynccontextmanager
    async def _data(self, what: str) -> AsyncIterator[PlainStream | TlsStream]:
        """150, then the data connection. Raises FtpReply for every way it can fail."""
        if self._passive is None:
            raise FtpReply(425, "Use PASV first.")
        if self.knobs.ftps_single_transfer and self.endpoint.transfers:
            self.close_passive()
            raise FtpReply(425, "Another transfer is in progress.")
        protection = Protection(
            private=self._private,
            context=self.endpoint.context,
            require_reuse=self.endpoint.rules.session_reuse_required,
        )
        self.endpoint.transfers += 1
        try:
            sock = await self._passive.accept()
            self.close_passive()
            with sock:
                await self.reply(150, what)
                async with transfer.data_stream(sock, protection, self.knobs) as stream:
                    yield stream
        finally:
            self.endpoint.transfers -= 1

    async def _finish(self, text: str) -> None:
        """The printer's last word on a transfer; some firmware keeps it to itself."""
        if self.knobs.ftps_226_delay_s:
            await asyncio.sleep(self.knobs.ftps_226_delay_s)
        if self.knobs.ftps_never_226:
            return
        if self.knobs.ftps_426_after_data:
            raise FtpReply(426, "Failure reading network stream.")
        await self.reply(226, text)

    # listings

    async def _list(self, argument: str) -> None:
        rows = [self._row(entry) for entry in self._entries(argument)]
        await self._send_lines(rows, "Here comes the directory listing.")

    async def _nlst(self, argument: str) -> None:
        head = ""
        if self.endpoint.rules.lists_full_paths:
            head = self._path(_without_options(argument)).rstrip("/") + "/"
        rows = [head + entry.name for entry in self._entries(argument)]
        await self._send_lines(rows, "Here comes the directory listing.")

    def _entries(self, argument: str) -> list[Entry]:
        path, storage = self._path(_without_options(argument)), self.storage
        if not storage.exists(path):
            return storage.list(path)
        name = path.rsplit("/", 1)[1]
        return [Entry(name, False, storage.size(path), storage.modified(path))]

    async def _send_lines(self, rows: list[str], what: str) -> None:
        text = "".join(f"{row}\r\n" for row in rows).encode("utf-8", "surrogateescape")
        async with self._data(what) as stream:
            await transfer.send_all(stream, text, self.knobs)
        await self.reply(226, "Directory send OK.")

    def _row(self, entry: Entry) -> str:
        mode = "drwxr-xr-x" if entry.is_dir else "-rw-r--r--"
        moment = time.gmtime(entry.modified)
        form = "%b %d %H:%M" if self.knobs.ftps_list_without_year else "%b %d  %Y"
        size = 4096 if entry.is_dir else entry.size
        return (
            f"{mode}    1 103      107      {size:>12} {time.strftime(form, moment)} {entry.name}"
        )

    # files

    async def _retr(self, argument: str) -> None:
        data = self.storage.read(self._path(argument))
        async with self._data(f"Opening data connection ({len(data)} bytes).") as stream:
            await transfer.send_all(stream, data, self.knobs)
        await self._finish("Transfer complete.")

    async def _stor(self, argument: str) -> None:
        path, storage = self._path(argument), self.writable
        if storage.is_dir(path) or not storage.is_dir(path.rsplit("/", 1)[0] or "/"):
            raise FtpReply(553, "Could not create file.")
        async with self._data("Ok to send data.") as stream:
            data = await transfer.receive_all(stream, self.knobs)
        if self.knobs.sd_full:
            raise FtpReply(552, "Insufficient storage space.")
        storage.write(path, data)
        await self._finish("Transfer complete.")

    async def _size(self, argument: str) -> None:
        await self.reply(213, str(self.storage.size(self._path(argument))))

    async def _avbl(self, _argument: str) -> None:
        storage = self.storage
        free = 0 if self.knobs.sd_full else storage.capacity - storage.used
        await self.reply(213, str(free))

    async def _dele(self, argument: str) -> None:
        self.writable.delete(self._path(argument))
        await self.reply(250, "Delete operation successful.")

    async def _rnfr(self, argument: str) -> None:
        path = self._path(argument)
        self.storage.size(path)  # raises 550 when it is not there
        self._rename_from = path
        await self.reply(350, "Ready for RNTO.")

    async def _rnto(self, argument: str) -> None:
        if self._rename_from is None:
            raise FtpReply(503, "RNFR required first.")
        source, self._rename_from = self._rename_from, None
        self.writable.rename(source, self._path(argument))
        await self.reply(250, "Rename successful.")

    # folders

    async def _cwd(self, argument: str) -> None:
        path = self._path(argument)
        if not self.storage.is_dir(path):
            raise FtpReply(550, "Failed to change directory.")
        self._folder = path
        await self.reply(250, "Directory successfully changed.")

    async def _mkd(self, argument: str) -> None:
        path = self._path(argument)
        self.writable.mkdir(path)
        await self.reply(257, f'"{path}" created')

    async def _rmd(self, argument: str) -> None:
        self.writable.rmdir(self._path(argument))
        await self.reply(250, "Remove directory operation successful.")


def _without_options(argument: str) -> str:
    """The path of "LIST -la /cache": clients add options of ls that mean nothing here."""
    words = argument.split(" ")
    while words and words[0].startswith("-"):
        words.pop(0)
    return " ".join(words)

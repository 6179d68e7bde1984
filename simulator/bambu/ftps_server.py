"""A printer's implicit FTPS server (bambu-lan A11, B4): passive only, one user, quirks by knob."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Protocol

from simulator.bambu.ftps_commands import FtpsCommands
from simulator.bambu.ftps_transfer import FtpReply
from simulator.knobs import Knobs
from simulator.open_connections import OpenConnections
from simulator.storage import Storage, StorageError

USER = "bblp"
_DEFAULT_IDLE_S = 300.0
_OPEN_COMMANDS = frozenset({"USER", "PASS", "QUIT", "FEAT", "SYST", "PBSZ", "PROT", "OPTS", "NOOP"})


class FtpsRules(Protocol):
    """What the FTPS server asks its printer about; answers may change at any time."""

    @property
    def printer_id(self) -> str: ...
    @property
    def access_code(self) -> str: ...
    @property
    def knobs(self) -> Knobs: ...
    @property
    def storage(self) -> Storage: ...
    @property
    def session_reuse_required(self) -> bool: ...
    @property
    def lists_full_paths(self) -> bool: ...


class FtpsEndpoint:
    """All FTPS connections of one printer. Lives in the event loop's thread."""

    def __init__(self, rules: FtpsRules, context: ssl.SSLContext, host: str) -> None:
        self.rules = rules
        self.context = context
        self.host = host
        self.transfers = 0
        self.connections = OpenConnections(f"{rules.printer_id}: FTPS")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The client_connected_cb of asyncio.start_server."""
        with self.connections.handling(writer):
            if not self.rules.knobs.ftps_off:
                await FtpsSession(self, reader, writer).run()


class FtpsSession(FtpsCommands):
    """One control connection: reads commands, answers them one after the other."""

    def __init__(
        self, endpoint: FtpsEndpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(endpoint)
        self._reader = reader
        self._writer = writer
        self._user = ""
        self._logged_in = False

    async def run(self) -> None:
        try:
            await self.reply(220, "(printer FTP server)")
            while (line := await self._next_line()) is not None:
                if not await self._answer(line):
                    return
        finally:
            self.close_passive()

    async def reply(self, code: int, text: str) -> None:
        self._writer.write(f"{code} {text}\r\n".encode("utf-8", "surrogateescape"))
        await self._writer.drain()

    async def reply_lines(self, code: int, first: str, lines: list[str], last: str) -> None:
        body = "".join(f" {line}\r\n" for line in lines)
        self._writer.write(f"{code}-{first}\r\n{body}{code} {last}\r\n".encode())
        await self._writer.drain()

    async def _next_line(self) -> str | None:
        idle_s = self.knobs.ftps_idle_drop_s or _DEFAULT_IDLE_S
        try:
            async with asyncio.timeout(idle_s):
                raw = await self._reader.readline()
        except TimeoutError:
            with contextlib.suppress(OSError):  # the client may be gone; then nobody reads it
                await self.reply(421, "Timeout.")
            return None
        except ValueError:  # a line longer than the reader's limit
            await self.reply(500, "Input line too long.")
            return None
        return raw.decode("utf-8", "surrogateescape").rstrip("\r\n") if raw else None

    async def _answer(self, line: str) -> bool:
        """Carry out one command line. False ends the session."""
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        try:
            if verb == "QUIT":
                await self.reply(221, "Goodbye.")
                return False
            await self._dispatch(verb, argument)
        except FtpReply as reply:
            await self.reply(reply.code, reply.text)
        except StorageError as error:
            await self.reply(error.code, str(error))
        return True

    async def _dispatch(self, verb: str, argument: str) -> None:
        if verb == "USER":
            self._user, self._logged_in = argument, False
            await self.reply(331, "Please specify the password.")
        elif verb == "PASS":
            await self._log_in(argument)
        elif not self._logged_in and verb not in _OPEN_COMMANDS:
            await self.reply(530, "Please login with USER and PASS.")
        else:
            handler = self.handlers.get(verb)
            if handler is None:
                raise FtpReply(502, "Command not implemented.")
            await handler(argument)

    async def _log_in(self, password: str) -> None:
        rules = self.endpoint.rules
        refused = rules.knobs.refuse_login or self._user != USER
        if refused or password != rules.access_code:
            raise FtpReply(530, "Login incorrect.")
        self._logged_in = True
        await self.reply(230, "Login successful.")

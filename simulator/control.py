"""The control port: faults by HTTP, for tests and for people who rehearse.

    GET  /                               printers, knobs and actions
    GET  /printers/ID                    one printer: endpoint, knobs, actions, clients
    GET  /printers/ID/storage            the files on its card
    GET  /printers/ID/requests           what it was asked, newest last
    GET  /prints                         what was really printed, on which bed
    POST /printers/ID/knobs              {"sd_missing": true, ...}
    POST /printers/ID/actions/NAME       {arguments by name}

Answers are JSON. It binds to loopback, and refuses requests that a web page could have sent.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.jsonio import JSONDecodeError, dumps, loads
from simulator import actions
from simulator.host import SimulatedHost
from simulator.open_connections import OpenConnections
from simulator.storage import Storage

logger = logging.getLogger(__name__)

_MAX_BODY = 1_500_000
_TIMEOUT_S = 10.0
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class ControlError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: list[str]
    headers: Mapping[str, str]
    body: bytes

    def arguments(self) -> dict[str, Any]:
        """The JSON object of the body; {} when there is none. Raises ControlError 400."""
        try:
            value = loads(self.body) if self.body.strip() else {}
        except JSONDecodeError as error:
            raise ControlError(400, f"The body is not JSON: {error}.") from error
        if not isinstance(value, dict):
            raise ControlError(400, "The body must be a JSON object.")
        return value


class ControlServer:
    """Serves the hosts of one farm. Lives in their event loop."""

    def __init__(self, hosts: Mapping[str, SimulatedHost]) -> None:
        self._hosts = hosts
        self._server: asyncio.Server | None = None
        self._connections = OpenConnections("control port")

    async def open(self, port: int) -> str:
        """Bind to 127.0.0.1 (port 0: any free one) and return the URL. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._connections.drop_all()
        await self._connections.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._connections.handling(writer):
            async with asyncio.timeout(_TIMEOUT_S):
                status, answer = await self._respond(reader)
                body = dumps(answer)
                head = (
                    f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\n"
                    "Content-Type: application/json\r\nCache-Control: no-store\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()

    async def _respond(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
        try:
            request = await _read_request(reader)
            _refuse_foreign(request.headers)
            return 200, await self._route(request)
        except ControlError as error:
            return error.status, {"error": str(error)}
        except Exception as error:  # the barrier: an action's own failure is an answer
            logger.exception("control port: request failed")
            return 500, {"error": f"{type(error).__name__}: {error}"}

    async def _route(self, request: _Request) -> dict[str, Any]:
        match request.method, request.path:
            case "GET", []:
                return self._overview()
            case "GET", ["prints"]:
                return {"printers": {name: _truth(host) for name, host in self._hosts.items()}}
            case "GET", ["printers", printer_id]:
                return _details(self._host(printer_id))
            case "GET", ["printers", printer_id, "storage"]:
                return {"files": _files(self._host(printer_id).storage, "/")}
            case "GET", ["printers", printer_id, "requests"]:
                return {"requests": list(self._host(printer_id).requests)}
            case "POST", ["printers", printer_id, "knobs"]:
                return _set_knobs(self._host(printer_id), request.arguments())
            case "POST", ["printers", printer_id, "actions", name]:
                return await _perform(self._host(printer_id), name, request.arguments())
        raise ControlError(404, f"There is no {request.method} /{'/'.join(request.path)}. {_HINT}")

    def _host(self, printer_id: str) -> SimulatedHost:
        host = self._hosts.get(printer_id)
        if host is None:
            known = ", ".join(self._hosts)
            raise ControlError(404, f"There is no printer {printer_id!r}. Printers: {known}.")
        return host

    def _overview(self) -> dict[str, Any]:
        kinds = {host.spec.kind: host for host in self._hosts.values()}
        first = next(iter(self._hosts.values()), None)
        return {
            "printers": [_brief(host) for host in self._hosts.values()],
            "knobs": _knob_types(first) if first else {},
            "actions": actions.describe(first) if first else {},
            "kinds": {
                kind: {"knobs": _knob_types(host), "actions": actions.describe(host)}
                for kind, host in kinds.items()
            },
            "help": _HINT,
        }


_HINT = " ".join((inspect.getdoc(inspect.getmodule(ControlServer)) or "").split("\n\n")[1].split())


async def _read_request(reader: asyncio.StreamReader) -> _Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    words = head[0].split(" ")
    if len(words) != 3:
        raise ControlError(400, "That is no HTTP request.")
    headers: dict[str, str] = {}
    for line in head[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _MAX_BODY:
        raise ControlError(400, f"Content-Length must be 0–{_MAX_BODY}.")
    path = [part for part in words[1].split("?")[0].split("/") if part]
    return _Request(words[0], path, headers, await reader.readexactly(int(length)))


def _refuse_foreign(headers: Mapping[str, str]) -> None:
    """A page in the same browser must not switch faults on (rebinding, cross-site requests)."""
    name = headers.get("host", "").rsplit(":", 1)[0]
    if name not in _LOCAL_NAMES or "origin" in headers:
        raise ControlError(403, "The control port answers local tools only, not web pages.")


def _knob_types(host: SimulatedHost) -> dict[str, str]:
    return {field.name: str(field.type) for field in fields(host.knobs)}


def _brief(host: SimulatedHost) -> dict[str, Any]:
    endpoint = host.endpoint()
    return {
        "id": host.spec.id,
        "name": host.spec.name,
        "kind": host.spec.kind,
        "model": host.spec.model,
        "serial": host.spec.serial,
        "host": host.address,
        "url": endpoint.url,
        "mqtt_port": endpoint.mqtt_port,
        "ftps_port": endpoint.ftps_port,
        "camera_port": endpoint.camera_port,
        "rtsp_port": endpoint.rtsp_port,
        "online": host.online,
        "clients": len(host.clients()),
    }


def _details(host: SimulatedHost) -> dict[str, Any]:
    return {
        **_brief(host),
        "camera": host.camera_guests(),
        "certificate_sha256": host.certificate_sha256,
        "knobs": asdict(host.knobs),
        "actions": actions.describe(host),
    }


def _truth(host: SimulatedHost) -> dict[str, Any]:
    machine = host.machine
    return {
        "bed": machine.part_on_bed,
        "busy": machine.ledger.running,
        "prints": machine.ledger.rows(),
    }


def _files(storage: Storage, folder: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for entry in storage.list(folder):
        path = f"{folder.rstrip('/')}/{entry.name}"
        rows.append({"path": path, "folder": entry.is_dir, "size": entry.size})
        if entry.is_dir:
            rows.extend(_files(storage, path))
    return rows


def _set_knobs(host: SimulatedHost, values: dict[str, Any]) -> dict[str, Any]:
    names = host.knobs.names()
    unknown = sorted(set(values) - names)
    if unknown:
        known = ", ".join(sorted(names))
        raise ControlError(404, f"There is no knob {', '.join(unknown)}. Knobs: {known}.")
    try:
        host.set_knobs(values)
    except ValueError as error:
        raise ControlError(400, f"{error}.") from error
    return {"knobs": asdict(host.knobs)}


async def _perform(host: SimulatedHost, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": await actions.perform(host, name, arguments)}
    except actions.UnknownAction as error:
        raise ControlError(404, str(error)) from error
    except actions.BadArguments as error:
        raise ControlError(400, str(error)) from error
    except ValueError as error:
        raise ControlError(400, f"{name}: {error}.") from error

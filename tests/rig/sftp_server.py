"""A rig's SSH server on 127.0.0.1: paramiko's own, over a folder."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import paramiko


class Door(paramiko.ServerInterface):
    def __init__(self, key: paramiko.PKey) -> None:
        self._key = key

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = username == "rig" and key == self._key
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class Handle(paramiko.SFTPHandle):
    def __init__(self, server: SftpServer, name: str, data: bytes) -> None:
        super().__init__()
        self._server, self._name, self._data = server, name, data

    def read(self, offset: int, length: int) -> bytes | int:
        self._server.reads.append((self._name, offset))
        if self._server.break_after is not None and offset >= self._server.break_after:
            return paramiko.SFTP_FAILURE
        return self._data[offset : offset + length]

    def stat(self) -> Any:
        attributes = paramiko.SFTPAttributes()
        attributes.st_size = len(self._data)
        return attributes


def interface(server: SftpServer) -> type[paramiko.SFTPServerInterface]:
    class Files(paramiko.SFTPServerInterface):
        def _path(self, path: str) -> Path:
            return server.root / path.lstrip("/")

        def list_folder(self, path: str) -> Any:
            found = []
            for file in self._path(path).iterdir():
                attributes = paramiko.SFTPAttributes.from_stat(file.stat(), file.name)
                found.append(attributes)
            return found

        def stat(self, path: str) -> Any:
            try:
                return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno or 0)

        def open(self, path: str, flags: int, attr: Any) -> Any:
            if Path(path).name in server.refused:
                return paramiko.SFTP_PERMISSION_DENIED
            try:
                data = self._path(path).read_bytes()
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno or 0)
            name = Path(path).name
            return Handle(server, name, server.tampered.get(name, data))

        def remove(self, path: str) -> int:
            server.removed.append(Path(path).name)
            self._path(path).unlink()
            return paramiko.SFTP_OK

    return Files


class SftpServer:
    def __init__(self, root: Path, client_key: paramiko.PKey) -> None:
        self.root = root
        self.host_key = paramiko.RSAKey.generate(2048)
        self.removed: list[str] = []
        self.refused: set[str] = set()
        self.reads: list[tuple[str, int]] = []
        self.break_after: int | None = None
        self.tampered: dict[str, bytes] = {}
        self._client_key = client_key
        self._transports: list[paramiko.Transport] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return  # stopped
            transport = paramiko.Transport(link)
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, interface(self))
            # with an event it does not wait here for a client that hangs up at once
            transport.start_server(threading.Event(), Door(self._client_key))
            self._transports.append(transport)

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for transport in self._transports:
            transport.close()

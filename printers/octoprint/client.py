"""OctoPrint's REST interface, as far as the farm uses it (octoprint-moonraker 1 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import FarmError, PrinterOffline
from core.secret import Secret
from printers.lan.address import Address
from printers.lan.http_answers import Answered, Malformed, Reply
from printers.lan.http_client import HttpClient
from printers.lan.trust import Trust
from printers.octoprint.commands import Call, file_url
from printers.octoprint.fields import mapping, text
from printers.octoprint.machine import Profile, profile_of
from printers.octoprint.parse import Trouble, shown_of, trouble_of
from printers.octoprint.webcam import Webcam, webcam_of

_TIMEOUT_S = 5.0
_LOOKS = 3
"""/api/job and /api/printer are two requests; the state may change in between."""


class WrongServer(PrinterOffline):
    """Something answers at the address, but it is not OctoPrint."""

    code = "wrong_server"


@dataclass(frozen=True, slots=True)
class Look:
    """What REST shows now, in the shape of a ``current`` frame."""

    frame: Mapping[str, Any]


class Client:
    """Thread-safe. Raises FarmError only (http_client's kinds)."""

    def __init__(self, name: str, address: Address, trust: Trust, key: Secret) -> None:
        self._name = name
        self._address = address
        self.http = HttpClient(name, address, trust, headers=lambda: {"X-Api-Key": key.reveal()})

    def close(self) -> None:
        self.http.close()

    def version(self) -> str:
        """ "OctoPrint 1.11.8". Raises WrongServer, Answered ("auth" for a wrong key)."""
        try:
            reply = self._get("/api/version")
        except Malformed as error:
            raise self._wrong_server() from error
        except Answered as error:
            if error.http_status == 404 or error.http_status < 400:
                raise self._wrong_server() from error
            raise
        said = text(reply.get("text"))
        if not said.lower().startswith("octoprint") or "moonraker" in said.lower():
            raise self._wrong_server(said)
        return f"OctoPrint {text(reply.get('server'))}".strip()[:60]

    def _wrong_server(self, said: str = "") -> WrongServer:
        what = f"calls itself {said!r}, not OctoPrint" if said else "is not OctoPrint"
        return WrongServer(f"What answers for {self._name} {what}. Check its url and its type.")

    def login(self) -> str:
        """ "name:session" for the websocket. A secret; it is neither kept nor logged."""
        reply = self.http.request(
            "POST", "/api/login", json={"passive": True}, timeout=_TIMEOUT_S
        ).object()
        user, session = reply.get("name"), reply.get("session")
        if not isinstance(user, str) or not isinstance(session, str):
            raise Malformed(f"OctoPrint of {self._name} gave no session for the farm's key.")
        return f"{user}:{session}"

    def profile(self) -> Profile:
        """The current printer profile; unknown when the key may not read it."""
        try:
            current = mapping(self._get("/api/connection").get("current"))
            chosen = text(current.get("printerProfile"))
            return profile_of(self._get("/api/printerprofiles"), chosen)
        except (Answered, Malformed):
            return Profile()

    def webcam(self) -> Webcam:
        """From the settings, of which nothing else is kept; none when the key may not read."""
        try:
            return webcam_of(self._get("/api/settings"), self._address.url("/"))
        except (Answered, Malformed):
            return Webcam()

    def selected(self) -> tuple[str, Mapping[str, Any] | None]:
        """The file that is selected and its entry; ("", None) = none, or it may not be read."""
        try:
            path = shown_of(self._get("/api/job").get("job"), None).path
            return (path, self.file(path)) if path else ("", None)
        except (Answered, Malformed):
            return "", None

    def look(self, timeout: float = _TIMEOUT_S) -> Look:
        """What is true now, whether or not a printer is connected."""
        for _ in range(_LOOKS - 1):
            job, printer = self._look(timeout)
            if not printer or _word(printer) == text(job.get("state")):
                break
        else:
            job, printer = self._look(timeout)
        state = printer.get("state") or {"text": job.get("state"), "error": job.get("error")}
        frame: dict[str, Any] = {
            "state": state,
            "job": job.get("job"),
            "progress": job.get("progress"),
            "temps": [printer.get("temperature")],
        }
        return Look(frame)

    def _look(self, timeout: float) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        job = self._get("/api/job", timeout)
        try:
            return job, self._get("/api/printer?exclude=sd", timeout)
        except Answered as error:
            if error.http_status == 409:  # not connected: /api/job says why
                return job, {}
            raise

    def trouble(self) -> Trouble:
        """More words for an error; none on servers that do not have them."""
        try:
            return trouble_of(self._get("/api/printer/error"))
        except FarmError:
            return Trouble()

    def file(self, path: str) -> Mapping[str, Any] | None:
        """One file's (or folder's) entry, None when it is not there."""
        try:
            return self._get(f"{file_url(path)}?recursive=false")
        except Answered as error:
            if error.http_status == 404:
                return None
            raise

    def files(self) -> Mapping[str, Any]:
        """The top folder."""
        return self._get("/api/files/local?recursive=false")

    def post(self, call: Call, timeout: float, *, once: bool = False) -> Reply:
        return self.http.request("POST", call.path, json=call.body, timeout=timeout, once=once)

    def delete(self, path: str) -> None:
        self.http.request("DELETE", file_url(path))

    def _get(self, path: str, timeout: float = _TIMEOUT_S) -> Mapping[str, Any]:
        return self.http.request("GET", path, timeout=timeout).object()


def _word(printer: Mapping[str, Any]) -> str:
    return text(mapping(printer.get("state")).get("text"))

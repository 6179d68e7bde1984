"""What Klippy and Moonraker refuse with."""

from __future__ import annotations

from http import HTTPStatus


class GcodeError(Exception):
    """A G-code command failed; the text is what Klippy says."""


class ServerError(Exception):
    """An API request failed.

    ``status`` is the HTTP status; JSON-RPC shows the same number, except 401 (-32602) and 404
    (-32601). ``plain``: over HTTP the message is only the status' standard phrase, as for files.
    """

    def __init__(self, message: str, status: int = 400, *, plain: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.plain = plain

    @property
    def rpc_code(self) -> int:
        """The code of the JSON-RPC error object."""
        return {401: -32602, 404: -32601}.get(self.status, self.status)

    @property
    def http_message(self) -> str:
        """``error.message`` over HTTP: "Unknown" for texts that do not fit a status line."""
        if self.plain:
            return HTTPStatus(self.status).phrase
        if any(c in "<>" or ord(c) < 32 for c in self.message):
            return "Unknown"
        return self.message

    def body(self) -> dict[str, object]:
        """The JSON body over HTTP; the true text is inside the traceback."""
        trace = (
            "Traceback (most recent call last):\n\n"
            f"moonraker.utils.exceptions.ServerError: {self.message}\n"
        )
        return {"error": {"code": self.status, "message": self.http_message, "traceback": trace}}

"""The fault knobs of printers behind an HTTP server: OctoPrint, Moonraker, PrusaLink.

As in knobs.py: times named ``*_s`` are REAL seconds, and a knob acts from the next message on.
A make with knobs of its own subclasses HttpKnobs.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.knobs import MachineKnobs


@dataclass(slots=True, kw_only=True)
class HttpKnobs(MachineKnobs):
    """What can go wrong between a farm and a print server."""

    # --- the machine ----------------------------------------------------------------------
    settle_s: float = 0.3
    """Time from an accepted pause, resume or cancel to the state that follows (move queue)."""
    start_delay_s: float = 0.0
    """After an accepted start the old state stays this long."""
    bad_file: bool = False
    """Every started file fails within its first second."""
    ignore_commands: str = ""
    """Comma-separated commands that are answered with success and do nothing ("pause,start")."""
    fail_commands: str = ""
    """Comma-separated commands that are refused as the server refuses what it cannot do."""
    file_delay_s: float = 0.0
    """An uploaded file shows in listings only after this time (indexing)."""
    # --- signing in -----------------------------------------------------------------------
    api_key: str = ""
    """A new API key ("changed key"); empty = the one of the spec."""
    # --- every answer ---------------------------------------------------------------------
    http_delay_s: float = 0.0
    """Every answer leaves this much later."""
    http_status: int = 0
    """Every request is answered with this status and does nothing (502: proxy without server)."""
    http_redirect: str = ""
    """Every request is answered 302 to this address."""
    html_page: bool = False
    """Every answer is 200 with a web page in it (captive portal, proxy's error page)."""
    malformed_json: bool = False
    """JSON answers are cut and no longer JSON."""
    wrong_types: bool = False
    """JSON answers keep their keys, but texts become numbers, numbers texts, lists null."""
    truncate_body: bool = False
    """The connection breaks in the middle of every body."""
    huge_body: int = 0
    """JSON answers are padded with spaces to this many bytes; 0 = off."""
    slow_body_s: float = 0.0
    """The body of every answer dribbles for this long."""
    mute_http: bool = False
    """Requests are accepted and never answered."""
    answer_lost: bool = False
    """Requests that change something, on web sockets too, are carried out, then the connection is
    cut."""
    # --- web socket -----------------------------------------------------------------------
    ws_off: bool = False
    """Web sockets are refused with 404; those that are open close."""
    ws_mute: bool = False
    """Web sockets stay open and nothing is sent on them."""
    ws_garbage: bool = False
    """Text that is no JSON instead of every message."""
    ws_flood: int = 0
    """This many copies of every message."""
    # --- uploads --------------------------------------------------------------------------
    upload_bytes_per_s: int = 0
    """Throughput limit; 0 = none."""
    disk_full: bool = False
    """No space left: uploads are refused at their end."""
    upload_truncate_at: int = 0
    """Keep only this many bytes of an upload and report success; 0 = off."""
    drop_upload_at: int = 0
    """Cut the connection after this many bytes of an upload; 0 = off."""
    upload_lost: bool = False
    """An upload is answered with success, and the file is not there."""

    def ignores(self, command: str) -> bool:
        """Whether the knob ignore_commands names this command."""
        return command in _named(self.ignore_commands)

    def fails(self, command: str) -> bool:
        """Whether the knob fail_commands names this command."""
        return command in _named(self.fail_commands)


def _named(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]

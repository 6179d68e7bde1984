"""The fault knobs of PrusaLink besides those of every HTTP server."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.http_knobs import HttpKnobs


@dataclass(slots=True, kw_only=True)
class PrusaLinkKnobs(HttpKnobs):
    """Times are REAL seconds. The defaults are what was measured on the real server (0.8.1)."""

    file_delay_s: float = 0.2
    """An uploaded file is 404, or shows its old size, until the MK3 server has indexed it."""
    cool_down_s: float = 11.0
    """How long the MK3 server says FINISHED or STOPPED, and refuses a start with 409."""
    starting_s: float = 0.0
    """For this long after it is switched on the MK3 server answers 503 to everything."""
    sparse_telemetry: bool = False
    """The status has no temperatures and no position (MK3 server before the first report)."""
    inherited_progress: bool = False
    """A job shows the progress of the job before for its first five seconds (MK3 server)."""
    usb_missing: bool = False
    """Firmware: no stick in the printer; listings are empty, uploads are refused with 507."""
    nonce_uses: int = 0
    """A digest's nonce is good for this many requests, then a new challenge comes; 0 = no end."""

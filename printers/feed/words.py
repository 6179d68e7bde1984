"""Sentences about a printer that another farm shows."""

from __future__ import annotations

from printers.lan.outage import Outage
from printers.status import Lock, PrinterState

CODE = "feed"
ELSEWHERE = "At its own farm: "
_OFFLINE = PrinterState.OFFLINE


def not_ours(name: str) -> str:
    return f"{name} is shown from another farm; control it there."


def lock_of(name: str) -> Lock:
    return Lock(code=CODE, text=not_ours(name))


def elsewhere(said: str) -> str:
    """What the other farm says of it; said once, however many farms it came through."""
    return said if not said or said.startswith(ELSEWHERE) else f"{ELSEWHERE}{said}"


def lost(name: str) -> Outage:
    text = f"The farm that shows {name} closed the connection."
    return Outage(_OFFLINE, "lost", text)


def silent(name: str) -> Outage:
    text = f"The farm that shows {name} has gone silent, although the connection is open."
    return Outage(_OFFLINE, "silent", text)


def no_pictures(name: str, seconds: float) -> Outage:
    text = f"No picture of {name} for {seconds:.0f} s. The farm connects anew."
    return Outage(_OFFLINE, "no_pictures", text)


def no_feed(name: str) -> Outage:
    text = (
        f"What answers at the address of {name} is no printer's feed. Its url ends in "
        "/ws/printer/ and the printer's id there."
    )
    return Outage(_OFFLINE, "no_feed", text)


def loop(name: str) -> Outage:
    text = (
        f"The feed of {name} leads back to this farm, so there is no printer behind it. Name the "
        "printer's own farm in its url."
    )
    return Outage(_OFFLINE, "loop", text)


def too_far(name: str, hops: int) -> Outage:
    text = f"{name} comes through more than {hops} farms. Name its own farm in its url."
    return Outage(_OFFLINE, "too_far", text)


def restless(name: str) -> str:
    return (
        f"The farm that shows {name} tells of another print or fault faster than any printer could "
        "have them. Nothing of it is believed until it is calm."
    )


def refused(name: str, status: int) -> Outage:
    """The other server answered the upgrade with an HTTP error."""
    if status in (401, 403):
        text = (
            f"The farm that shows {name} asks for a name and a password. Give them as "
            '"user" and "password", or as WS_USER and WS_PASS.'
        )
        return Outage(PrinterState.AUTH, "auth", text)
    told = {
        404: f"The other farm has no printer of this id. Check the url of {name}.",
        421: f"The other farm does not go by this address. Add it to its allowed_hosts, or name "
        f"its IP address in the url of {name}.",
        429: f"The other farm has had too many wrong passwords from here. {name} is asked for "
        "again later.",
        503: f"Too many programs read the other farm's feeds at once. {name} is asked for again.",
    }
    text = told.get(status, f"The farm that shows {name} answers with an error ({status}).")
    return Outage(_OFFLINE, f"http_{status}", text)

"""What was asked, and which printer is meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from printers.registry import Snapshot

MAX_TEXT = 256
"""Characters of a command; no printer's name is longer."""
_COMMAND = re.compile(r"/([A-Za-z_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    verb: str  # lower case, without the slash
    name: str  # what follows, as written
    to_us: bool  # addressed to this very bot: "/status@farm_bot"


def command(text: str, username: str) -> Command | None:
    """None: no command, or one for another bot of the group. ``username``: our own."""
    found = _COMMAND.fullmatch(text.strip()) if len(text) <= MAX_TEXT else None
    if found is None:
        return None
    addressed = (found[2] or "").lower()
    if addressed and addressed != username.lower():
        return None
    return Command(found[1].lower(), " ".join((found[3] or "").split()), bool(addressed))


def meant(snapshots: Sequence[Snapshot], name: str) -> list[Snapshot]:
    """The printers that ``name`` may mean: by id or whole name, else by a name's beginning."""
    wanted = _plain(name)
    if not wanted:
        return list(snapshots)
    by_id = [s for s in snapshots if _plain(s.status.printer_id) == wanted]
    exact = by_id or [s for s in snapshots if _plain(s.status.name) == wanted]
    return exact or [s for s in snapshots if _plain(s.status.name).startswith(wanted)]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def names(snapshots: Sequence[Snapshot]) -> str:
    """ "Alder, Birch or Cedar"; at most a dozen."""
    known = [snapshot.status.name for snapshot in snapshots]
    if len(known) > 12:
        return ", ".join(known[:12]) + f" … ({len(known)} in all)"
    return " or ".join(filter(None, [", ".join(known[:-1]), *known[-1:]]))

"""What was asked, and which printer is meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.lines import one_line
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
    """The printers that ``name`` may mean: by id or whole name, else by a name's beginning. One's
    id may be another's name: then it may mean both."""
    wanted = _plain(name)
    if not wanted:
        return list(snapshots)
    exact = [s for s in snapshots if wanted in _called_all(s) or wanted == _with_id(s).casefold()]
    return exact or [s for s in snapshots if _plain(s.status.name).startswith(wanted)]


def called(snapshot: Snapshot, every: Sequence[Snapshot]) -> str:
    """Its name, with its id where that name may mean another printer too."""
    name, own = _plain(snapshot.status.name), snapshot.status.printer_id
    shared = any(name in _called_all(s) for s in every if s.status.printer_id != own)
    return _with_id(snapshot) if shared else _name(snapshot)


def _called_all(snapshot: Snapshot) -> tuple[str, str]:
    return _plain(snapshot.status.printer_id), _plain(snapshot.status.name)


def _with_id(snapshot: Snapshot) -> str:
    return f"{_name(snapshot)} ({snapshot.status.printer_id})"


def _name(snapshot: Snapshot) -> str:
    return one_line(snapshot.status.name)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def names(snapshots: Sequence[Snapshot], every: Sequence[Snapshot]) -> str:
    """ "Alder, Birch or Cedar"; at most a dozen."""
    known = [called(snapshot, every) for snapshot in snapshots]
    if len(known) > 12:
        return ", ".join(known[:12]) + f" … ({len(known)} in all)"
    return " or ".join(filter(None, [", ".join(known[:-1]), *known[-1:]]))

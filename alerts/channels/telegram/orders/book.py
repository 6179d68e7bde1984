"""Which updates were taken, and which orders are being carried out: on the disk before anything
happens, so that none is carried out twice, whenever the server dies.

An order is written down, then carried out. A server that dies in between forgets to do it, says so
after its start, and never does it again.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core import jsonio
from core.clock import Clock
from core.errors import StorageError
from core.files import write_durably

logger = logging.getLogger(__name__)

RANDOM_AFTER_S = 6 * 86_400.0
"""After a week without updates Telegram goes on with a random id, perhaps a lower one."""
_REMEMBERED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is told of an order that was not finished."""

    chat: int
    thread: int | None
    verb: str
    printer: str  # its name
    who: str


class Book:
    """One per bot. Belongs to the bot's thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """A damaged file is kept aside, and what waits at Telegram is then left undone."""
        self._path = path
        self._clock = clock
        self._seen: dict[int, None] = {}
        self._offset = 0
        self._at = 0.0  # epoch s of the last update
        self._doing: dict[int, Order] = {}
        self.damaged = False
        self._load()

    @property
    def offset(self) -> int | None:
        """For getUpdates; None: whatever waits there."""
        if self.damaged:
            return -1  # the last one only, which ``take`` then drops
        old = self._clock.time() - self._at > RANDOM_AFTER_S
        return None if not self._offset or old else self._offset

    def is_fresh(self, update_id: int) -> bool:
        """Whether it was never taken."""
        if update_id in self._seen:
            return False
        return update_id >= self._offset or self._clock.time() - self._at > RANDOM_AFTER_S

    def take(self, update_id: int, doing: Order | None = None) -> None:
        """Note the update. With ``doing`` it is an order, which may be carried out after this and
        not otherwise. Raises StorageError: then it may not."""
        self._seen[update_id] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._offset, self._at = update_id + 1, self._clock.time()
        if doing is not None:
            self._doing[update_id] = doing
        try:
            self._save()
        except StorageError:
            self._doing.pop(update_id, None)
            raise

    def done(self, update_id: int) -> None:
        """The person knows what became of the order. Raises StorageError."""
        if self._doing.pop(update_id, None) is not None:
            self._save()

    def unfinished(self) -> dict[int, Order]:
        """By update: orders that the server before was carrying out, or had not told the end of.
        ``done`` when that has been told."""
        return dict(self._doing)

    def skipped(self) -> None:
        """After damage: what waited at Telegram is behind us."""
        self.damaged = False

    def _load(self) -> None:
        try:
            document = jsonio.loads(self._path.read_bytes())
            self._offset, self._at = int(document["offset"]), float(document["at"])
            doing = document["doing"].items()
            self._doing = {int(key): _order(value) for key, value in doing}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self.damaged = True
            self._set_aside()

    def _set_aside(self) -> None:
        aside = self._path.with_name(self._path.name + ".damaged")
        logger.error("%s is damaged; kept as %s, waiting orders are dropped",
                     self._path.name, aside.name)  # fmt: skip
        try:
            self._path.replace(aside)
        except OSError as error:
            logger.warning("%s could not be kept aside: %s", self._path.name, error.strerror)

    def _save(self) -> None:
        doing = {str(key): asdict(order) for key, order in self._doing.items()}
        document = {"offset": self._offset, "at": self._at, "doing": doing}
        write_durably(self._path, jsonio.dumps(document))


def _order(found: Any) -> Order:
    """Raises TypeError, KeyError, ValueError."""
    thread = found["thread"]
    return Order(
        chat=int(found["chat"]),
        thread=None if thread is None else int(thread),
        verb=str(found["verb"]),
        printer=str(found["printer"]),
        who=str(found["who"]),
    )

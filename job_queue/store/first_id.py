"""The number of the first job of a queue that is new, or whose files were lost.

The history, the photos of prints and what was told of them outlive a queue.json that somebody
deletes, and go by job ids. A second "j-1" would be taken for the first: its end not recorded, its
alerts held for told.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

PLACES = ("history/*.jsonl", "alerts/alerts.log*")
"""Where ids of former jobs stand, below the data folder."""
_ID = re.compile(rb'"j-(\d{1,9})(?:-\d{1,6})?"')  # a job, or one attempt of it


def first_id(folder: Path, now: float) -> int:
    """1 in a new folder, else one more than any number ever used. ``now`` (epoch s) stands in
    where that cannot be read: no farm has had so many jobs."""
    try:
        return 1 + max(_numbers(folder), default=0)
    except OSError as error:
        logger.warning("jobs: former job ids cannot be read (%s); numbers begin anew", error)
        return int(now)


def _numbers(folder: Path) -> Iterator[int]:
    for pattern in PLACES:
        for path in folder.glob(pattern):
            with path.open("rb") as file:
                for line in file:
                    yield from map(int, _ID.findall(line))

"""The farm as all pages know it: one immutable object per change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """The farm as all pages know it at ``seq``. Nothing in it is ever edited."""

    seq: int
    docs: Mapping[str, Json]
    jobs: Mapping[str, Json]
    farm: Json
    queue: Json = field(default_factory=dict)  # without its jobs
    alerts: Mapping[str, Json] = field(default_factory=dict)  # those that are open
    rigs: Mapping[str, Json] = field(default_factory=dict)


def merged(old: Mapping[str, Json], changes: Mapping[str, Json | None]) -> dict[str, Json]:
    """``old`` with the changes; None takes an entry out."""
    both = {**old, **changes}
    return {name: job for name, job in both.items() if job is not None}

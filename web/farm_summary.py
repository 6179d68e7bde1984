"""The line above the cards: who is free next, and when all is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from job_queue.forecast.prediction import Forecast

_STEP_S = 60.0


def summarise(
    docs: Collection[Mapping[str, Any]],
    now: float,
    before: Mapping[str, Any],
    trouble: str = "",
    forecast: Forecast | None = None,
) -> dict[str, Any]:
    """{"total", "online", "next_free": {"id", "s"}|null, "all_done_at": epoch s|null,
    "trouble": why nothing may start}.

    The end of all is that of the whole queue when there is a ``forecast`` (null: nobody can tell),
    else of what is being printed. It is only moved when it differs by more than a minute from
    ``before``: the printers count in minutes and would make it jump with every report.
    """
    left = [
        (doc["job"]["left_s"], doc["id"])
        for doc in docs
        if doc["state"] == "printing"
        and doc["job"]
        and doc["job"]["left_s"] is not None
        and doc.get("kind") != "feed"  # that one gets free for another farm
    ]
    done_at = now + max(left)[0] if left else None
    if forecast is not None:
        done_at = forecast.all_done_at
    former = before.get("all_done_at")
    if done_at is not None and former is not None and abs(done_at - former) <= _STEP_S:
        done_at = former
    return {
        "total": len(docs),
        "online": sum(bool(doc["conn"]["online"]) for doc in docs),
        "next_free": {"id": min(left)[1], "s": min(left)[0]} if left else None,
        "all_done_at": None if done_at is None else round(done_at),
        "trouble": trouble,
    }

"""What must hold after every death, at whatever point."""

from __future__ import annotations

from tests.crash.cases import Verdict


def holds(verdict: Verdict, *, names_its_end: bool) -> None:
    """One job, asked for once: printed once, and told as done. Of a print that was over before the
    next start PrusaLink does not tell whose end it shows: then a person has to say so."""
    assert verdict.died, "the point was never reached"
    assert verdict.violations == []
    assert verdict.prints == 1
    assert verdict.end == "finished"
    assert not (names_its_end and verdict.answers["finished"]), "the printer told it itself"
    case = verdict.case
    uncertain = case.point == "after starting" or (case.point, case.fate) == (
        "after publish",
        "lost",
    )
    if uncertain:
        assert verdict.answers["not_started"] == 1, "a person decides about an uncertain start"
    if case.point in ("before claimed", "after claimed", "after upload", "before starting"):
        assert not verdict.answers, "nothing was uncertain, nobody need be asked"

"""What must hold after every death, at whatever point."""

from __future__ import annotations

from tests.crash.cases import Verdict

UNSEEN = frozenset({"failed (end_unseen)", "failed (job_lost)", "failed (given_up)"})
"""How a print may end on record that was over before the next start: PrusaLink does not tell whose
end it shows, so people are asked to look at the part."""


def holds(verdict: Verdict, *, names_its_end: bool) -> None:
    """One job, asked for once: printed once, and not told as done if that is not known."""
    assert verdict.died, "the point was never reached"
    assert verdict.violations == []
    assert verdict.prints == 1
    ends = {"finished"} if names_its_end else {"finished"} | UNSEEN
    assert verdict.end in ends
    case = verdict.case
    uncertain = case.point == "after starting" or (case.point, case.fate) == (
        "after publish",
        "lost",
    )
    if uncertain:
        assert verdict.answers["not_started"] == 1, "a person decides about an uncertain start"
    if case.point in ("before claimed", "after claimed", "after upload", "before starting"):
        assert not verdict.answers, "nothing was uncertain, nobody need be asked"

"""Where a job may be printed: one printer, several, a model, a tag, or any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import BadRequest

KINDS = ("printer_id", "printer_ids", "model", "tag", "any")
_MOST = 500
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Target:
    """One of KINDS; ``values`` are the names it takes, none for "any"."""

    kind: str = "any"
    values: tuple[str, ...] = ()

    @classmethod
    def printer(cls, printer_id: str) -> Target:
        return cls("printer_id", (printer_id,))

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Target:
        """From the form the API has: {"printer_id"} | {"printer_ids"} | {"model"} | {"tag"} |
        {"any": true}. Raises BadRequest."""
        given = [name for name in KINDS if body.get(name) not in (None, False)]
        unknown = sorted(set(body) - set(KINDS))
        if unknown or len(given) != 1:
            raise BadRequest(
                "The field 'target' must have exactly one of printer_id, printer_ids, model, tag "
                "or any.",
                details={"field": "target", "unknown": unknown},
            )
        kind, value = given[0], body[given[0]]
        if kind == "any":
            if value is not True:
                raise BadRequest("The field 'any' of the target must be true.")
            return cls()
        names = value if kind == "printer_ids" else [value]
        if not isinstance(names, (list, tuple)) or not 0 < len(names) <= _MOST:
            raise BadRequest("The field 'printer_ids' of the target must be a list of printer ids.")
        if not all(isinstance(name, str) and 0 < len(name) <= _LONGEST for name in names):
            raise BadRequest(f"The field {kind!r} of the target must be text.")
        return cls(kind, tuple(dict.fromkeys(names)))

    def as_json(self) -> dict[str, Any]:
        """As ``of`` reads it."""
        if self.kind == "any":
            return {"any": True}
        if self.kind == "printer_ids":
            return {"printer_ids": list(self.values)}
        return {self.kind: self.values[0]}

    @property
    def one_printer(self) -> str:
        """The printer's id if only one may take the job, else ""."""
        return self.values[0] if self.kind == "printer_id" else ""

    def text(self) -> str:
        """For people: "printers with the tag pla"."""
        if self.kind == "any":
            return "any printer"
        if self.kind == "model":
            return f"printers of the model {self.values[0]}"
        if self.kind == "tag":
            return f"printers with the tag {self.values[0]}"
        return ", ".join(self.values)


def folded(name: str) -> str:
    """A model or tag as it is compared: "X1 Carbon" is "x1carbon"."""
    return "".join(mark for mark in name.casefold() if mark.isalnum())

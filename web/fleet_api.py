"""POST /api/fleet/ACTION and /api/fault/clear: one action over several printers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from flask import Blueprint, Response

from core.errors import FarmError, NotFound
from printers.commands import ClearFault, Command
from printers.fleet import FleetResult
from web.errors import farm_error, json_response
from web.fields import Fields, json_body
from web.printers_api import note, run, run_condition
from web.schemas import ACTIONS, read_command, read_maintenance, read_undo
from web.services import services
from web.status_api import one_of_query

logger = logging.getLogger(__name__)
blueprint = Blueprint("fleet", __name__)

_FARM_ACTIONS: dict[str, Callable[[Fields], object]] = {
    "mark-clear": read_undo,
    "maintenance": read_maintenance,
    "cancel-upload": Fields.done,
}


@blueprint.post("/api/fleet/<action>")
def act(action: str) -> Response:
    """200 with a result per printer; a printer's refusal is a result, not an error."""
    if action not in ACTIONS and action not in _FARM_ACTIONS:
        raise NotFound(f"There is no action {action[:60]!r} for printers.", code="unknown_action")
    fields = json_body()
    chosen = fields.texts("printer_ids", ()) or tuple(services().fleet.configs)
    command = read_command(action, fields)
    if command is not None:
        results = execute(chosen, command)
    else:
        _FARM_ACTIONS[action](fields)
        results = [_farm_action(printer_id, action, fields) for printer_id in chosen]
    return json_response({"results": results})


def execute(printer_ids: Sequence[str], command: Command) -> list[FleetResult]:
    """All at once; refusals and successes are noted for each printer's page."""
    results = services().fleet.execute_many(printer_ids, command)
    for result in results:
        if result.ok:
            note(result.printer_id, "command", f"{command.name} sent to several printers")
        elif result.code != "printer_not_found":
            note(result.printer_id, "refused", f"{command.name} refused: {result.why}", "warn")
    return results


def _farm_action(printer_id: str, action: str, fields: Fields) -> FleetResult:
    try:
        text = run_condition(printer_id, action, fields) or ""
    except FarmError as error:
        return FleetResult(
            printer_id=printer_id, ok=False, code=error.error_code, why=error.message
        )
    except Exception:
        logger.exception("%s: %s failed", printer_id, action)
        return FleetResult(
            printer_id=printer_id,
            ok=False,
            code="internal_error",
            why="The command failed inside the farm; see the server's log.",
        )
    note(printer_id, "command", text)
    return FleetResult(printer_id=printer_id, ok=True, why=text)


@blueprint.post("/api/fault/clear")
def clear_fault() -> Response:
    """By body, or by query as the earlier dashboard's scripts do; they look for "ok"."""
    try:
        fields = json_body()
        printer_id = fields.text("printer_id", "") or one_of_query()
        fields.done()
        return run(printer_id, ClearFault())
    except FarmError as error:
        return farm_error(error, ok=False)

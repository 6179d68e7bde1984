"""Profiles to slice with: the sets, what is in them, people's own, each printer's usual ones."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from core.errors import BadRequest
from slicer.profiles.picking import Catalogue
from slicer.profiles.seats import fits
from slicer.profiles.store import UPLOAD_BYTES
from web.errors import json_response
from web.fields import json_body
from web.multipart import FormStream
from web.services import services
from web.slicing_bodies import defaults_json, read_default, seats_of, set_json

blueprint = Blueprint("profiles", __name__)
_LONGEST_NAME = 200


@blueprint.get("/api/slicing/profiles")
def listing() -> Response:
    slicing = services().slicing
    slicing.refresh_sets()
    seats = seats_of(services().fleet.snapshots())
    known = services().fleet.configs
    defaults = {key: one for key, one in slicing.store.defaults().items() if key in known}
    return json_response(
        {
            "sets": [set_json(item, slicing, seats) for item in slicing.store.sets()],
            "defaults": defaults_json(defaults),
        }
    )


@blueprint.get("/api/slicing/profiles/<set_id>")
def one(set_id: str) -> Response:
    """?machine=NAME: also what may be used with it; ?printer_id=: only who of them it fits."""
    s = services()
    s.slicing.refresh_sets()
    machine, printer_id = request.args.get("machine", ""), request.args.get("printer_id", "")
    if len(machine) > _LONGEST_NAME:
        raise BadRequest("The machine's name is too long.")
    snapshots = [s.fleet.snapshot(printer_id)] if printer_id else s.fleet.snapshots()
    found = s.slicing.store.catalogue(set_id, machine)
    seats = seats_of(snapshots)
    return json_response(_catalogue_json(found, machine, seats))


def _catalogue_json(found: Catalogue, machine: str, seats: list[Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "machines": [
            {
                "name": entry.name,
                "model": entry.model,
                "nozzle_mm": entry.nozzle_mm,
                "fits": [seat.id for seat in seats if fits(entry, seat)],
            }
            for entry in found.machines
        ]
    }
    if machine:
        body["processes"] = list(found.processes)
        body["filaments"] = [
            {"name": entry.name, "material": entry.material} for entry in found.filaments
        ]
    return body


@blueprint.post("/api/slicing/profiles")
def add() -> Response:
    """A form with the export in the field "file"."""
    slicing = services().slicing
    slicing.require_enabled()
    form = FormStream.of_request(UPLOAD_BYTES)
    item = slicing.store.add(form, form.open_file())
    seats = seats_of(services().fleet.snapshots())
    if fields := form.rest():
        raise BadRequest(f"Unknown field: {', '.join(sorted(fields))}. The profiles were kept.")
    response = json_response(set_json(item, slicing, seats), 201)
    response.headers["Location"] = f"/api/slicing/profiles/{item.id}"
    return response


@blueprint.delete("/api/slicing/profiles/<set_id>")
def remove(set_id: str) -> Response:
    services().slicing.store.delete(set_id)
    return Response(status=204)


@blueprint.put("/api/slicing/defaults/<printer_id>")
def put_default(printer_id: str) -> Response:
    s = services()
    s.slicing.require_enabled()
    s.fleet.snapshot(printer_id)
    default = read_default(json_body(optional=False))
    s.slicing.refresh_sets()
    s.slicing.store.set_default(printer_id, default)
    return json_response(defaults_json({printer_id: default})[printer_id])


@blueprint.delete("/api/slicing/defaults/<printer_id>")
def clear_default(printer_id: str) -> Response:
    services().fleet.snapshot(printer_id)
    services().slicing.store.clear_default(printer_id)
    return Response(status=204)

"""How a file gets into the library: streamed to disk under a limit, then looked at."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from core.errors import DiskFull, FarmError, StorageError, TooLarge, Unusable
from core.files import require_space
from slicer import values
from slicer.inspection import inspect_file, recognise, refusal
from slicer.kinds import ABOUT, MODELS, Use
from slicer.mesh.check import inspect_model
from slicer.printfile import PrintFile, Shape
from slicer.threemf.projects import Recognised

CHUNK_BYTES = 1024 * 1024
SPACE_CHECK_BYTES = 32 * CHUNK_BYTES

_SWITCH_ON = 'The farm can slice models itself: set "slicer": {"enabled": true} in config.json.'


class Readable(Protocol):
    """What an upload comes from: a request's stream or an open file."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Received:
    """What the bytes themselves say."""

    size_bytes: int
    sha256: str  # lower-case hex
    md5: str  # upper-case hex


def receive(stream: Readable, part: Path, shown: str, limit_bytes: int) -> Received:
    """Stream to the new file ``part``. Raises TooLarge, DiskFull, Unusable or OSError."""
    sha256, md5 = hashlib.sha256(), _plain_md5()
    size = next_check = 0
    with part.open("xb") as target:
        while chunk := stream.read(CHUNK_BYTES):
            if size >= next_check:
                require_space(part.parent, len(chunk))
                next_check += SPACE_CHECK_BYTES
            size += len(chunk)
            if size > limit_bytes:
                raise too_large(shown, limit_bytes, "upload_too_large")
            sha256.update(chunk)
            md5.update(chunk)
            target.write(chunk)
        _sync(target)
    if not size:
        raise Unusable(f"{shown} is empty. Export it from the slicer again.", code="empty_file")
    return Received(size, sha256.hexdigest(), md5.hexdigest().upper())


def received(content: Path) -> Received:
    """The same of a file that is there already. Raises OSError."""
    with content.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        md5 = hashlib.file_digest(stream, _plain_md5).hexdigest().upper()
    return Received(content.stat().st_size, sha256, md5)


def examine(path: Path, shown: str, *, models: bool, model_limit_bytes: int) -> PrintFile:
    """A print file, or with ``models`` a model to slice, read and found sound.

    Raises Unusable or TooLarge with the reason.
    """
    found = recognise(path, shown)
    if ABOUT[found.kind].use is not Use.SLICE:
        return inspect_file(path, shown)
    if not models:
        refused = refusal(found, shown)
        raise Unusable(
            f"{refused.message} {_SWITCH_ON}", code=refused.error_code, details=refused.details
        )
    if path.stat().st_size > model_limit_bytes:
        raise too_large(shown, model_limit_bytes, "model_file_too_large")
    kind = MODELS[found.kind]
    return _model(found, kind, inspect_model(path, kind, shown))


def _model(found: Recognised, kind: str, shape: Shape) -> PrintFile:
    sources = dict(found.sources)
    if "models" in sources:
        sources["made_for"] = sources.pop("models")
    if shape.size_mm is not None:
        sources |= {"size_mm": "mesh", "triangles": "mesh"}
    return PrintFile(
        kind=kind,
        slicer=found.slicer,
        slicer_version=found.slicer_version,
        sources=sources,
        shape=shape,
    )


def display_name(name: str) -> str:
    """What people see: the last part of a path, one clean line of at most 200 characters."""
    return values.clean_text(re.split(r"[/\\]", name)[-1]) or "unnamed.gcode.3mf"


def too_large(shown: str, limit_bytes: int, code: str) -> TooLarge:
    """The refusal of a file above a limit of the settings."""
    what = "this farm takes" if code == "upload_too_large" else "it takes of a model"
    return TooLarge(
        f"{shown} is larger than {limit_bytes // 1_000_000} MB, the most {what}.",
        code=code,
        details={"limit_bytes": limit_bytes},
    )


def storage_error(what: str, error: OSError) -> FarmError:
    """The sentence for a disk that refused."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The farm's disk is full. Delete files you no longer need.")
    return StorageError(
        f"The file library could not {what} ({error.strerror or error}). "
        "Check the data folder's disk and permissions."
    )


def _plain_md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def _sync(target: BinaryIO) -> None:
    target.flush()
    os.fsync(target.fileno())

"""One file from the printer to the disk: counted, hashed, synced."""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from core.errors import FarmError, StorageError
from printers.bambu.ftps import PrinterFtp
from printers.base import Progress, Receipt

GIVE_WAY_S = 3.0
"""How long a transfer that was broken off waits for the printer's last word."""


@contextlib.contextmanager
def own_disk() -> Iterator[None]:
    """What the farm's own disk refuses is not the printer's fault, and is told as what it is."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"The file could not be kept on the farm's disk ({error.strerror or error})."
        ) from error


def fetch_to(
    ftp: PrinterFtp, path: str, partial: Path, size: int, tick: Progress, *, deadline: float,
    patience: float,
) -> Receipt:  # fmt: skip
    """RETR into ``partial``, which is on the disk when this returns.

    ``deadline``: monotonic s; ``patience``: s for the reply after the last byte. Raises what
    ``tick`` raises, StorageError of the farm's disk, ftplib.Error and OSError of the printer's
    side, ConnectionError when another number of bytes came.
    """
    digest = hashlib.sha256()
    with own_disk():
        handle = partial.open("wb")
    with handle:

        def write(block: bytes) -> None:
            with own_disk():
                handle.write(block)
            digest.update(block)

        try:
            ftp.receive(f"RETR {path}", write, lambda moved: tick(moved, size), deadline)
        except FarmError:
            # Until it has answered, a printer refuses the transfer that this one gave way to.
            with contextlib.suppress(ftplib.Error, OSError, EOFError):
                ftp.finish(GIVE_WAY_S)
            raise
        with own_disk():
            handle.flush()
            os.fsync(handle.fileno())
    # The size decides; some servers say 426 after the last byte.
    with contextlib.suppress(ftplib.error_temp, TimeoutError):
        ftp.finish(patience)
    if (got := partial.stat().st_size) != size:
        raise ConnectionError(f"{got} of {size} bytes arrived")
    return Receipt(size_bytes=size, sha256=digest.hexdigest())

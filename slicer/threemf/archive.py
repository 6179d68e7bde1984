"""Opens an untrusted 3MF and reads members by name. Nothing is ever extracted to disk.

Limits and reasons: print-files 6. Every refusal has its own code and its own sentence.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from core.errors import TooLarge, Unusable
from slicer.threemf import zip_rules

CHUNK_BYTES = 256 * 1024


def damaged(name: str, what: str, code: str = "damaged") -> Unusable:
    """The error for a file that is broken: ``what`` is the clause after its name."""
    return Unusable(f"{name} {what}. Export it from the slicer again.", code=code)


class SafeArchive:
    """A zip whose directory passed every rule. Use as a context manager; not thread-safe."""

    def __init__(self, path: Path, name: str) -> None:
        """``name`` is the display name for sentences. Raises Unusable or TooLarge."""
        self.name = name
        self._file: BinaryIO = path.open("rb")
        try:
            zip_rules.check_directory(self._file, name)
            self._zip = zipfile.ZipFile(self._file)
            entries = self._zip.infolist()
            zip_rules.check_entries(entries, name)
            zip_rules.check_layout(self._file, entries, self._zip.start_dir, name)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError) as error:
            self._file.close()
            raise damaged(name, "is damaged: its table of contents cannot be read") from error
        except NotImplementedError as error:
            self._file.close()
            raise damaged(name, "needs a newer zip version", "zip_version") from error
        except BaseException:
            self._file.close()
            raise
        self._entries = {entry.orig_filename: entry for entry in entries}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def __contains__(self, member: str) -> bool:
        return member in self._entries

    def size(self, member: str) -> int:
        """Declared size in bytes; reading never gives more."""
        return self._entries[member].file_size

    def chunks(self, member: str) -> Iterator[bytes]:
        """The member's content piece by piece. Raises Unusable when it is broken."""
        entry = self._entries[member]
        left = entry.file_size
        try:
            with self._zip.open(entry) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise zipfile.BadZipFile("more data than declared")
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
            raise damaged(self.name, f"is damaged: {member} cannot be unpacked") from error
        if left:
            raise damaged(self.name, f"is damaged: {member} is cut short", "truncated_member")

    def read(self, member: str, limit_bytes: int, code: str = "metadata_too_large") -> bytes:
        """The whole member. Raises TooLarge above ``limit_bytes``, before anything is unpacked."""
        if self.size(member) > limit_bytes:
            raise TooLarge(
                f"{self.name} holds {member} with {self.size(member) // 1_000_000} MB; "
                f"the farm reads at most {limit_bytes // 1_000_000} MB of it.",
                code=code,
            )
        return b"".join(self.chunks(member))

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def __enter__(self) -> SafeArchive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""One round of fetching: only what has its checksum, checked here, then removed there.

The rig writes <video>.sha256 last, so a video without it is still being made (or is of no use).
"""

from __future__ import annotations

import logging
import os
import posixpath
import re
import stat
from pathlib import Path

import paramiko

from rig import files
from rig.errors import RigError
from rig.settings import PullSettings

logger = logging.getLogger(__name__)

SUFFIX = ".sha256"
TIMEOUT_S = 15.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.mp4")
_DIGEST = re.compile(rb"([0-9a-f]{64})  ([^\n]+)\n?")
_BLOCK = 1 << 18
_MAX_SUM = 512
MAX_BYTES = 16_000_000_000
RESERVE_MB = 200


class PullFailed(RigError):
    """This round did not work; the next begins anew. Nothing was removed on the rig."""


def connect(settings: PullSettings) -> paramiko.SSHClient:
    """Raises PullFailed for an unknown or changed host key: a password-free key is a key for
    whoever sits in between. Add the rig with ssh-keyscan after comparing its fingerprint."""
    client = paramiko.SSHClient()
    known = Path(settings.known_hosts).expanduser()
    key = Path(settings.private_key_path).expanduser()
    try:
        client.load_host_keys(str(known))
    except OSError as error:
        raise PullFailed(f"{known} cannot be read ({error.strerror})") from error
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        client.connect(
            settings.raspi_host, settings.raspi_port, settings.username,
            key_filename=str(key), passphrase=settings.private_key_passphrase.reveal() or None,
            allow_agent=False, look_for_keys=False,
            timeout=TIMEOUT_S, banner_timeout=TIMEOUT_S, auth_timeout=TIMEOUT_S,
        )  # fmt: skip
    except (paramiko.SSHException, OSError, ValueError) as error:
        client.close()
        raise PullFailed(f"{settings.raspi_host}: {error}") from error
    return client


class Puller:
    def __init__(self, sftp: paramiko.SFTPClient, settings: PullSettings) -> None:
        self._sftp, self._settings = sftp, settings
        channel = sftp.get_channel()
        if channel is not None:
            channel.settimeout(TIMEOUT_S)  # a rig that falls silent must not hold us for ever
        self._local = Path(settings.local_folder).expanduser()

    def round(self) -> int:
        """How many videos were fetched. One bad video does not keep the others away."""
        self._local.mkdir(parents=True, exist_ok=True)
        fetched = 0
        for folder in self._settings.remote_folders:
            for name in self._offered(folder):
                try:
                    fetched += self._one(folder, name)
                except PullFailed as error:
                    logger.error("%s", error)
                except OSError as error:
                    if self._is_cut():
                        raise
                    logger.error("%s: %s", name, error.strerror or error)
        return fetched

    def _is_cut(self) -> bool:
        """Whether the connection is gone: then the others cannot come either."""
        channel = self._sftp.get_channel()
        return channel is None or channel.closed or bool(channel.eof_received)

    def _offered(self, folder: str) -> list[str]:
        try:
            entries = self._sftp.listdir_attr(folder)
        except OSError as error:
            raise PullFailed(f"{folder} on the rig cannot be read ({error})") from error
        regular = {e.filename for e in entries if stat.S_ISREG(e.st_mode or 0)}
        videos = sorted(name for name in regular if _NAME.fullmatch(name))
        return [name for name in videos if name + SUFFIX in regular]

    def _one(self, folder: str, name: str) -> int:
        """1 when it was fetched, 0 when it was here already. Raises PullFailed."""
        remote, target = posixpath.join(folder, name), self._local / name
        digest = self._digest(remote, name)
        here = target.exists() and files.sha256(target) == digest
        if not here:
            if target.exists():
                raise PullFailed(f"{target} is another video of that name; move it away")
            self._download(remote, target, digest)
            logger.info("%s was fetched and checked", name)
        if self._settings.remove:
            # The checksum first: a video without it is offered to nobody, one half-way removed
            # is never fetched again.
            self._sftp.remove(remote + SUFFIX)
            self._sftp.remove(remote)
        return 0 if here else 1

    def _digest(self, remote: str, name: str) -> str:
        with self._sftp.open(remote + SUFFIX, "rb") as file:
            found = _DIGEST.fullmatch(file.read(_MAX_SUM))
        if not found or found[2].decode("utf-8", "replace") != name:
            raise PullFailed(f"{remote}{SUFFIX} is no checksum of this video")
        return found[1].decode()

    def _require_room(self, size: int, target: Path) -> None:
        """A rig may say any size: what cannot be kept is not begun."""
        if size > MAX_BYTES:
            raise PullFailed(f"{target.name} is larger than any video of a rig; it was left there")
        if size // 1_000_000 + RESERVE_MB > files.free_mb(self._local):
            raise PullFailed(f"There is no room for {target.name} in {self._local}")

    def _download(self, remote: str, target: Path, digest: str) -> None:
        """Into .part, going on where an earlier attempt stopped; renamed when it is right."""
        part = target.with_name(target.name + ".part")
        had = part.stat().st_size if part.exists() else 0
        size = self._sftp.stat(remote).st_size or 0
        self._require_room(size - had, target)
        if had > size:
            part.unlink()
            had = 0
        with self._sftp.open(remote, "rb") as source, part.open("ab") as file:
            source.seek(had)
            source.prefetch(size)
            while file.tell() <= size and (block := source.read(_BLOCK)):
                file.write(block)  # never much more than it was said to be: it may have no end
            file.flush()
            os.fsync(file.fileno())
        if (got := files.sha256(part)) != digest:
            part.unlink()
            raise PullFailed(
                f"{target.name} came with the checksum {got[:12]}…, not {digest[:12]}…"
            )
        part.replace(target)
        files.sync_folder(target.parent)

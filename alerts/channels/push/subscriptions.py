"""Which browsers want notifications, and the key the farm signs them with. Durable.

The key identifies the farm to the push services; without it every browser must subscribe anew, so
it belongs into the backup.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import jsonio
from core.clock import Clock
from core.errors import NotFound, StorageError, Unusable
from core.files import write_durably
from core.fs import DISK, keep_aside

if TYPE_CHECKING:
    from py_vapid import Vapid02

logger = logging.getLogger(__name__)

HOSTS = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""Where browsers have their push services. Others are refused: the farm sends to no address just
because a browser names it."""
MOST = 200
_PUBLIC_BYTES, _AUTH_BYTES = 65, 16  # RFC 8291 section 3.2
_MAX_ENDPOINT = 1000
_MAX_KEY = 128
"""Characters; the decoder skips foreign ones, so the size of the key alone bounds nothing."""
_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+)(?::(\d{1,5}))?/[!-\[\]-~]*")
"""Host and port are taken from here and nowhere else. No sign in it may be read in two ways: of
``https://a\\@b/`` the standard library makes the host b, and requests sends to a."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One browser. ``endpoint`` is a secret: whoever knows it can be a nuisance with the key."""

    id: str
    name: str  # as a person knows it: "Chrome on Windows"
    endpoint: str
    p256dh: str
    auth: str
    user: str
    since: float  # epoch s

    def as_info(self) -> dict[str, Any]:
        return {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}}


class Subscriptions:
    """Thread-safe; every change is one durable write, which raises StorageError. A damaged file is
    kept aside and never stops the farm: the browsers then have to ask again."""

    def __init__(self, folder: Path, clock: Clock, hosts: Collection[str] = HOSTS) -> None:
        self._path = folder / "push.json"
        self._key_path = folder / "push_key.pem"
        self._clock = clock
        self._hosts = tuple(hosts)
        self._lock = threading.Lock()
        self.trouble = ""
        """For the operator: what was found at the start, until a browser has come; "" = nothing."""
        self._frozen = False  # a file that could not be read nor kept aside: it is left alone
        self._all: dict[str, Subscription] = self._read()
        self._key: Vapid02 | None = None

    def all(self) -> tuple[Subscription, ...]:
        with self._lock:
            return tuple(self._all.values())

    def add(self, raw: Mapping[str, Any], name: str, user: str) -> Subscription:
        """A browser's PushSubscription as JSON; the same endpoint again replaces the former.

        Raises Unusable for one that no known push service has given.
        """
        keys = raw.get("keys")
        keys = keys if isinstance(keys, dict) else {}
        endpoint = _endpoint(raw.get("endpoint"), self._hosts)
        new = Subscription(
            id=hashlib.sha256(endpoint.encode()).hexdigest()[:16],
            name=name or "A browser",
            endpoint=endpoint,
            p256dh=_public_key(keys.get("p256dh")),
            auth=_key_text(keys.get("auth"), _AUTH_BYTES, "auth"),
            user=user,
            since=self._clock.time(),
        )
        with self._lock:
            if new.id not in self._all and len(self._all) >= MOST:
                raise Unusable(f"{MOST} browsers have notifications already.", code="too_many")
            self._save({**self._all, new.id: new})
        return new

    def remove(self, subscription_id: str) -> None:
        """Raises NotFound."""
        with self._lock:
            if subscription_id not in self._all:
                raise NotFound("That browser has no notifications of this farm.")
            self._save({k: v for k, v in self._all.items() if k != subscription_id})

    def key(self) -> Vapid02:
        """The farm's own signing key, made at the first use (alerts 7: VAPID)."""
        from py_vapid import Vapid02

        with self._lock:
            if self._key is None:
                if not self._key_path.exists():
                    self._make_key()
                self._key = Vapid02.from_file(str(self._key_path))
            return self._key

    def public_key(self) -> str:
        """As ``applicationServerKey`` wants it: 65 bytes, base64url without padding."""
        from cryptography.hazmat.primitives import serialization

        raw = self.key().public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def _make_key(self) -> None:
        from py_vapid import Vapid02

        key = Vapid02()
        key.generate_keys()
        write_durably(self._key_path, key.private_pem())
        self._key_path.chmod(0o600)

    def _read(self) -> dict[str, Subscription]:
        try:
            found = jsonio.loads(self._path.read_bytes())
            return {raw["id"]: Subscription(**raw) for raw in found["subscriptions"]}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as error:
            self._set_aside(type(error).__name__)
            return {}

    def _set_aside(self, why: str) -> None:
        try:
            where = f"It is kept as {keep_aside(DISK, self._path, 'damaged').name}"
            DISK.unlink(self._path)  # else the next start would find it again
        except OSError:
            self._frozen = True
            where = "It is left as it is, and no browser can be added"
        self.trouble = (
            f"{self._path.name} cannot be read ({why}). {where}; every browser has to switch its "
            "notifications on again."
        )
        logger.error("alerts: %s", self.trouble)

    def _save(self, wanted: dict[str, Subscription]) -> None:
        if self._frozen:
            raise StorageError(self.trouble)
        content = {"version": 1, "subscriptions": [asdict(one) for one in wanted.values()]}
        write_durably(self._path, jsonio.dumps_pretty(content))
        self._all, self.trouble = wanted, ""


def _endpoint(value: Any, hosts: Collection[str]) -> str:
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None or len(value) > _MAX_ENDPOINT or int(found[2] or 443) not in range(1, 65536):
        raise Unusable("The browser gave no address for notifications.", code="bad_subscription")
    host = found[1].lower()
    plain = host == "127.0.0.1" and host in hosts  # a push service of one's own on this machine
    known = any(
        host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in hosts
    )
    own = host in hosts and host not in HOSTS
    usual = own or found[2] in (None, "443")  # browsers' own have no other port
    if not known or not usual or (value.startswith("http:") and not plain):
        raise Unusable(
            f"The farm sends no notifications to {host}: it is not the push service of a browser "
            "it knows. alerts.channels has push_hosts for others.",
            code="unknown_push_service",
        )
    return str(value)


def _public_key(value: Any) -> str:
    """A point of the curve: with another no message could ever be encrypted."""
    from cryptography.hazmat.primitives.asymmetric import ec

    found = _key_text(value, _PUBLIC_BYTES, "p256dh")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(found))
    except ValueError:
        raise Unusable("The browser's key p256dh is damaged.", code="bad_subscription") from None
    return found


def _raw(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def _key_text(value: Any, size: int, name: str) -> str:
    try:
        raw = _raw(value) if isinstance(value, str) and len(value) <= _MAX_KEY else b""
    except ValueError:
        raw = b""
    if len(raw) != size:
        raise Unusable(f"The browser's key {name} is damaged.", code="bad_subscription")
    return str(value)

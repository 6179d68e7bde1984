"""A push service of a browser, strict about signature, encryption, size and headers.

RFC 8030 (headers), 8188 and 8291 (encryption), 8292 (signature).
"""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

MAX_BODY = 4096


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """One subscribed browser with its own keys."""

    def __init__(self, server: PushServer, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"0123456789abcdef"
        self.path = f"/push/{name}"
        public = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.subscription = {
            "endpoint": server.url + self.path,
            "expirationTime": None,
            "keys": {"p256dh": _b64(public), "auth": _b64(self._auth)},
        }

    def decrypt(self, body: bytes) -> dict[str, Any]:
        text = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth)
        return cast(dict[str, Any], json.loads(text))


@dataclass
class Pushed:
    browser: str
    content: dict[str, Any]
    headers: dict[str, str]
    claims: dict[str, Any]


@dataclass
class PushServer:
    """``answers``: path -> status to give from now on (201 otherwise)."""

    pushed: list[Pushed] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.take(self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                del args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def browser(self, name: str) -> Browser:
        made = Browser(self, name)
        self.browsers[made.path] = made
        return made

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        head = {name.lower(): value for name, value in headers.items()}
        if status := self.answers.get(path):
            return status
        browser = self.browsers.get(path)
        if browser is None:
            return 404
        try:
            claims = self._signed(head)
            self._expect(len(body) <= MAX_BODY, f"{len(body)} bytes")
            self._expect(head.get("content-encoding") == "aes128gcm", "not aes128gcm")
            self._expect(head.get("ttl", "").isdecimal(), "no TTL")
            self._expect(
                head.get("urgency") in ("very-low", "low", "normal", "high"), "bad urgency"
            )
            self._expect(0 < len(head.get("topic", "")) <= 32, "bad topic")
            content = browser.decrypt(body)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it is a violation
            self.violations.append(f"{type(error).__name__}: {error}")
            return 400
        self.pushed.append(Pushed(path, content, head, claims))
        return 201

    def _expect(self, ok: bool, words: str) -> None:
        if not ok:
            raise ValueError(words)

    def _signed(self, head: dict[str, str]) -> dict[str, Any]:
        """RFC 8292: ``vapid t=<JWT>,k=<key>``; ES256 over header and claims."""
        kind, _, rest = head["authorization"].partition(" ")
        parts = dict(item.strip().split("=", 1) for item in rest.split(","))
        self._expect(kind == "vapid", "no VAPID")
        signed, _, signature = parts["t"].rpartition(".")
        raw = _raw(signature)
        der = utils.encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(parts["k"]))
        key.verify(der, signed.encode(), ec.ECDSA(SHA256()))
        claims = cast(dict[str, Any], json.loads(_raw(signed.split(".")[1])))
        self._expect(claims["aud"] == self.url, f"aud is {claims['aud']}")
        self._expect(claims["sub"].startswith(("mailto:", "https:")), "no contact")
        return {**claims, "k": parts["k"]}

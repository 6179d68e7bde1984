"""Who may talk to this server from where: Host, Origin and the headers every answer carries.

Rules of the security study 2.2: CSRF with HTTP Basic, cross-site WebSocket hijack, DNS rebinding.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, request

from core.config import ServerConfig
from web.errors import ForeignOrigin, WrongHost

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def content_policy(script_hashes: tuple[str, ...] = ()) -> str:
    """The Content-Security-Policy; ``script_hashes`` are of the page's own import maps."""
    scripts = " ".join(["'self'", *(f"'{value}'" for value in script_hashes)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; "
        "img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; font-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types farm-worker"
    )


def split_host(value: str) -> str:
    """ "[::1]:8000" -> "::1", "Farm.local.:80" -> "farm.local"; "" when it cannot be one."""
    try:
        parts = urlsplit(f"//{value}")
        name = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return ""
    if parts.path or parts.query or parts.fragment or "@" in value:
        return ""
    return name.rstrip(".").lower()


def is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Proxies:
    """Which peers may say who they speak for."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._networks = [ipaddress.ip_network(entry, strict=False) for entry in trusted]

    def trusts(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in network for network in self._networks)

    def client(self) -> str:
        """The client's address: the right-most hop no trusted proxy vouches for as its own."""
        address = request.remote_addr or ""
        if not self.trusts(address):
            return address
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        for hop in reversed([hop for hop in hops if hop]):
            address = hop
            if not self.trusts(hop):
                break
        return address

    def scheme(self) -> str:
        if self.trusts(request.remote_addr or ""):
            forwarded = request.headers.get("X-Forwarded-Proto", "").split(",")[-1].strip()
            if forwarded in ("http", "https"):
                return forwarded
        return str(request.environ["wsgi.url_scheme"])

    def host(self) -> str:
        """The Host the browser used, port included."""
        own: str = request.environ.get("HTTP_HOST", "")
        if self.trusts(request.remote_addr or ""):
            return request.headers.get("X-Forwarded-Host", own).split(",")[-1].strip()
        return own


class Guards:
    """The checks before every request and the headers after it."""

    def __init__(self, config: ServerConfig, proxies: Proxies, policy: str) -> None:
        names = (*config.allowed_hosts, config.host)
        self._names = {"localhost", *(name.rstrip(".").lower() for name in names if name)}
        self._proxies = proxies
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Frame-Options": "DENY",
        }

    def install(self, app: Flask) -> None:
        app.before_request(self.check_host)
        app.before_request(self.check_origin)
        app.after_request(self.add_headers)

    def check_host(self) -> None:
        name = split_host(self._proxies.host())
        if not name or not (name in self._names or name.endswith(".local") or is_ip(name)):
            raise WrongHost(
                "This farm is not known under that name. Use its IP address, or add the name to "
                "server.allowed_hosts in config.json."
            )

    def check_origin(self) -> None:
        """Unsafe methods and WebSocket handshakes: our own pages and programs without a page."""
        upgrade = "upgrade" in request.environ.get("HTTP_CONNECTION", "").lower()
        if request.method in SAFE_METHODS and not upgrade:
            return
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if site is not None and site not in ("same-origin", "none"):
            raise ForeignOrigin("A page of another site may not control the farm.")
        if origin is None:
            if any(name.lower().startswith("sec-fetch-") for name in dict(request.headers)):
                raise ForeignOrigin("The browser did not say which page sent this.")
            return
        own = f"{self._proxies.scheme()}://{self._proxies.host()}"
        if not _same_origin(origin, own):
            raise ForeignOrigin("A page of another site may not control the farm.")

    def add_headers(self, response: Response) -> Response:
        headers = response.headers
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if request.path.startswith("/api") or response.status_code >= 400:
            headers.setdefault("Cache-Control", "no-store")
        return response


_PORTS = {"http": 80, "https": 443}


def _same_origin(one: str, other: str) -> bool:
    try:
        a, b = urlsplit(one), urlsplit(other)
        if a.scheme not in _PORTS or a.path not in ("", "/") or a.query or a.username:
            return False
        ports = (a.port or _PORTS[a.scheme], b.port or _PORTS.get(b.scheme))
    except ValueError:
        return False
    return a.scheme == b.scheme and a.hostname == b.hostname and ports[0] == ports[1]

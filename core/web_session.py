"""The session with which the farm speaks to servers of others: it carries nothing but the request.

The library is loaded with the first session: a farm that speaks to nobody does not carry it.
"""

from __future__ import annotations

import http.cookiejar
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests
    from requests.adapters import BaseAdapter


def private_session(adapter: Callable[[], BaseAdapter] | None = None) -> requests.Session:
    """No proxy, no password file and no authority of somebody's shell; no cookies are kept.

    ``adapter``: makes what opens its connections, once per scheme; the library's own unless given.
    Timeouts and redirects are the caller's.
    """
    import requests

    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    if adapter is not None:
        for scheme in ("https://", "http://"):
            session.mount(scheme, adapter())
    return session

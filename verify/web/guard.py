"""Who may ask the page's server, and what browsers are told with every answer.

The server listens on 127.0.0.1 only. A page from elsewhere could still make a browser send requests here: by its own
name bound to 127.0.0.1 (DNS rebinding), which the ``Host`` header shows, or straight (cross-origin), which ``Origin``
shows. There are no cookies, so a request carries no rights of its own; uploads are found by unguessable names.
"""

from __future__ import annotations

from email.message import Message

from verify.report.html import TEMPLATES, digest

SAFE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
APP_POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; {SAFE}"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def report_policy() -> str:
    """For pages of ``verify.report``: no network, their inline styles, and no script but the list's filter."""
    script = digest((TEMPLATES / "filter.js").read_text(encoding="utf-8"))
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {script}; {SAFE}"


def names(port: int) -> tuple[str, ...]:
    """What the ``Host`` header may say."""
    hosts = ("127.0.0.1", "localhost")
    return tuple(f"{host}:{port}" for host in hosts) + (hosts if port == 80 else ())


def refusal(headers: Message, port: int, *, changes: bool) -> str:
    """Why a request is not answered; empty for one that is. Requests that change something must name their origin."""
    host = headers.get("Host", "")
    if host not in names(port):
        return f"this server answers to {' and '.join(names(port))} only; open it by that name"
    origin = headers.get("Origin")
    if origin is not None and origin not in {f"http://{name}" for name in names(port)}:
        return "a page from elsewhere asked; only this server's own page may"
    if changes and origin is None:
        return "no Origin header: only this server's own page may ask for this"
    return ""

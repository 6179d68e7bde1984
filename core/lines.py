"""Text of others (printers, files, people in chats) as one harmless line."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Without line feeds, which would look like lines of ours, and without what cannot be seen or
    turns the order of letters around."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

"""Telegram: alerts to a chat and its topics, and, where the owner allows it, orders from there."""

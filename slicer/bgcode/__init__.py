"""Prusa's binary G-code: blocks, packing, metadata."""

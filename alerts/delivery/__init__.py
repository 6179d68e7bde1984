"""Brings messages to the channels: one worker for each, so that none waits for another."""

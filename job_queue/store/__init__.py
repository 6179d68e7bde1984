"""The queue on the disk: a journal, a readable whole, and what is left after damage."""

"""The start protocol: from a claim to evidence, with beds, doubts and files left behind."""

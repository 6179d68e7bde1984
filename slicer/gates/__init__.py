"""May this file run on that printer? Pure checks; each answers with a sentence."""

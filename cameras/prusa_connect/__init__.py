"""Shows cameras in Prusa Connect: the newest fresh picture of each, when it has changed."""

"""3MF archives: sliced plates and projects, read member by member, never extracted."""

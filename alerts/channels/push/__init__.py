"""Web Push: notifications in browsers that need not be open (alerts 7)."""

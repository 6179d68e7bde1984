"""What every adapter needs to reach a printer: connections, trust, patience, status keeping."""

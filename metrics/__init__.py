"""What the farm tells Prometheus: figures over snapshots, never a question to a printer."""

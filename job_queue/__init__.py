"""Jobs: durable records, the start protocol, beds, and the evidence that tells what happened."""

"""What has ended, kept for good: records, their months' files, and sums over them."""

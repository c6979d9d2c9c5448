"""What time it was: UTC for each record, and how far units' clocks are apart. No clock is trusted to be right."""

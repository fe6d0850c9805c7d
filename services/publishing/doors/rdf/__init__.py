"""What the feed tells as Linked Data: calls, awards, commitments and payments in OSLO-Subsidie, under their own addresses."""

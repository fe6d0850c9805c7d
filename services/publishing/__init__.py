"""Tells the outside world of awards: one feed of public events, in one order, by whichever door suits the reader."""

"""Tells applicants what concerns them, by mail: each notice once, and a record of each."""

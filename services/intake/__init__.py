"""Intake: calls, applications and admissibility, from publication to the files that go to the jury."""

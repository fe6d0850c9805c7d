"""Scoring: the jury and its advice, from assignment to an exact ranking that explains itself."""

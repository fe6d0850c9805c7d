"""Oproep: runs a public grant call from publication to the last repaid cent."""

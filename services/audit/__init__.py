"""The auditor's desk: an export of the logs, and what follows from it without asking anybody."""

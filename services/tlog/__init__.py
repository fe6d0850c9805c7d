"""A transparency log: the tree over a log's entries (RFC 6962), its files (C2SP tlog-tiles) and its signed checkpoints.

Knows nothing of services or stores; the auditor's desk and the writers use the same few functions.
"""

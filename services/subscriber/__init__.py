"""Reads a feed of awards from outside: any door, each event once and in order, proven if wanted.

Knows nothing of the services: what it has is what anybody gets over HTTP or from the topic. `following.follow` is the whole of it;
`pages`, `stream`, `atom`, `ldes` and `topic` are the doors.
"""

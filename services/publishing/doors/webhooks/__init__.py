"""Webhooks: the feed posted to other systems, by the rules of Standard Webhooks 1.0.0."""

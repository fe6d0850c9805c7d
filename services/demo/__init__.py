"""Synthetic lives of real calls: scenarios, run on any deployment and compared between deployments."""

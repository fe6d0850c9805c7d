"""The CommonGrants protocol (Core 0.5): calls as opportunities, and awards, in the models of its own kit."""

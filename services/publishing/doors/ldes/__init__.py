"""The feed as a Linked Data Event Stream: pages of versions, each event on exactly one of them, and a search tree over them."""

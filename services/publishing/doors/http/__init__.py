"""The doors over HTTP: pages of JSON, a stream of events, an Atom archive, and what all doors over HTTP share."""

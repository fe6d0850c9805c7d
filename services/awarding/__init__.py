"""The decision: proposal, second pair of eyes, reserve list, appeal and agreement."""

"""The budget ledger: decides about money, in one place, under two limits."""

"""The reporting service: the account of a beneficiary, from the agreement to the settlement."""

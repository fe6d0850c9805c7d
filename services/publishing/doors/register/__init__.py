"""The public register: calls, awards and sums as pages for people, in Dutch and English, without script or cookies."""

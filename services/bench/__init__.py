"""How fast it is, measured on the machine at hand: real processes, real disks, and a peer beside them in the same run."""

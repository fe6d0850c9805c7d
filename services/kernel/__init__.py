"""The shared kernel: pure values and ports. Nothing here reads a clock, a file, a socket or a random source."""

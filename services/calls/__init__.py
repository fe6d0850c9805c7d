"""Call files: the rules of a call as a file that an official can read, checked, loaded and put into words."""

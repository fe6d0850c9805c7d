"""Adapters behind the kernel's ports and the shell that every service shares."""

"""All services in one process, and the list of them that everything else starts from."""

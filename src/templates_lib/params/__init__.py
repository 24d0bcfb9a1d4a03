"""What is true of one client: the parameters, checked and frozen, and the file they stand in."""

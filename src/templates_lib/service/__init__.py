"""Service contacts: what they are about, how long they take, what follows them."""

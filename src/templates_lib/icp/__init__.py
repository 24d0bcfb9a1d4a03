"""The ideal customer: who the best are, in what they differ and why they buy; companies too."""

"""What the customers of today will do next, checked on purchases that a model did not see."""

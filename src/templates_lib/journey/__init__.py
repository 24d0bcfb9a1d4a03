"""The path from first hearing of the shop to recommending it, and where it breaks."""

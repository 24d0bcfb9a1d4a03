"""Open answers: coded by a codebook, by people in blind sheets, and how far they agree."""

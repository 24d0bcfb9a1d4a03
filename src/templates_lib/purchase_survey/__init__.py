"""Why they bought, what nearly stopped them, where they first heard; and who did not answer."""

"""``python -m templates_lib``: every command, with or without make."""

import sys

from templates_lib.cli import main

sys.exit(main())

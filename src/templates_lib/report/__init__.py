"""From notebooks to what a client reads."""

import sys

# jsonschema, which nbformat loads, compiles 39 grammars of internationalised addresses where this
# package is there: two seconds of every process, for a format that no notebook's schema names.
sys.modules.setdefault("rfc3987_syntax", None)

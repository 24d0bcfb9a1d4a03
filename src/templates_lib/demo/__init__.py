"""A synthetic Finnish web shop with planted truth, written as the files that merchants export.

>>> from templates_lib import demo
>>> truth = demo.write(folder, seed=1)  # doctest: +SKIP
>>> truth.monthly  # what the files must give  # doctest: +SKIP
"""

from templates_lib.demo.answers import Truth
from templates_lib.demo.reference import reference
from templates_lib.demo.write import write

__all__ = ["Truth", "reference", "write"]

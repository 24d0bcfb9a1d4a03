"""Analysis templates for consultants who help merchants understand their customers.

A notebook needs four names: ``open_client``, ``finding``, ``figure`` and ``table``.
"""

from templates_lib.client import open_client
from templates_lib.report.findings import figure, finding, table

__all__ = ["figure", "finding", "open_client", "table"]

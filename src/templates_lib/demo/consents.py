"""Who agreed to be interviewed and to be shown the profile made of them."""

from __future__ import annotations

import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import stream
from templates_lib.demo.shop import Shop


def consents(shop: Shop) -> pd.DataFrame:
    """One row a customer, one column a kind of consent: whether it was given."""
    rng = stream(shop.seed, "consents")
    n = len(shop.customers)
    return pd.DataFrame({kind: rng.random(n) < share for kind, share in truth.CONSENTS.items()})

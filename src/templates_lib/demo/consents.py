"""Who agreed to be interviewed and to be shown the profile made of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import stream
from templates_lib.demo.shop import Shop


def interviewed(shop: Shop) -> np.ndarray:
    """The places of those who were interviewed: drawn from who has bought twice."""
    rng = stream(shop.seed, "interviewed")
    buyers = np.unique(shop.orders.loc[shop.orders["number"] == 2, "customer"])
    return rng.choice(buyers, truth.INTERVIEWS, replace=False)


def consents(shop: Shop) -> pd.DataFrame:
    """One row a customer, one column a kind of consent: whether it was given. Who was interviewed
    had agreed to it."""
    rng = stream(shop.seed, "consents")
    n = len(shop.customers)
    given = {kind: rng.random(n) < share for kind, share in truth.CONSENTS.items()}
    given["interview"][interviewed(shop)] = True
    return pd.DataFrame(given)

"""The four stores: small protocols, and one file per engine behind them."""

"""Graphiti over a graph of apex, for reading: its own search, with no model behind it, on what apex wrote.

Imported only where it is used: graphiti_core takes over a second to import. It looks at these two variables while it
is imported; without them it would report usage over the network and read a `.env` of the working directory. What it
warns of then, its own use of old pydantic forms, is nothing that a user of apex could mend.
"""

import os
import warnings

os.environ["GRAPHITI_TELEMETRY_ENABLED"] = "false"
os.environ["PYTHON_DOTENV_DISABLED"] = "1"

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import graphiti_core

__all__ = ["graphiti_core"]

"""Graphiti, imported without its side effects: import this module first wherever `graphiti_core` is used.

Imported only where it is used: graphiti_core takes over a second to import. It looks at these two variables while it
is imported; without them it would report usage over the network and read a `.env` of the working directory. Its
warnings about its own use of old pydantic forms are hidden: a user of apex cannot change that.
"""

import os
import warnings

os.environ["GRAPHITI_TELEMETRY_ENABLED"] = "false"
os.environ["PYTHON_DOTENV_DISABLED"] = "1"

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import graphiti_core

__all__ = ["graphiti_core"]

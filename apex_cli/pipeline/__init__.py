"""The one composer: staging, sources, extraction, embedding and the saga, joined by bounded queues."""

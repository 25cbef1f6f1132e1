"""The cache of current versions and the locks that save duplicate work, on Redis or a compatible server."""

from apex_cli.stores.redis.cache import PREPARED_SECONDS, RedisCache

__all__ = ["PREPARED_SECONDS", "RedisCache"]

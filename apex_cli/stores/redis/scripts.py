"""The atomic steps, as Lua scripts. Each script is sent once and then called by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis

Call = tuple[Sequence[str], Sequence[str | int]]
"""The keys and the arguments of one call."""

PUBLISH = """
local epoch, saga, value = tonumber(ARGV[1]), ARGV[2], ARGV[4]
local cached = redis.call('HMGET', KEYS[1], 'epoch', 'saga', 'value')
local newest = tonumber(cached[1] or -1)
local prepared = redis.call('GET', KEYS[2])
redis.call('DEL', KEYS[2])
if newest > epoch or (newest == epoch and (cached[2] ~= saga or cached[3])) then
  return 0
end
if value == '' and prepared then
  value = prepared
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'saga', saga)
if ARGV[3] == 'write' and value ~= '' then
  redis.call('HSET', KEYS[1], 'value', value)
else
  redis.call('EXPIRE', KEYS[1], ARGV[5])
end
return 1
"""
"""KEYS rec, prep. ARGV epoch, saga, kind, value or '', seconds of a tombstone. A second call changes nothing."""

LOCK = """
local owned = {}
for index, key in ipairs(KEYS) do
  local owner = redis.call('GET', key)
  if not owner or owner == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    owned[#owned + 1] = index
  end
end
return owned
"""

UNLOCK = """
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    redis.call('DEL', key)
  end
end
return 0
"""


async def run(client: Redis, script: str, calls: Sequence[Call]) -> list[Any]:
    """The answers of a script, in one pipelined round trip; it is loaded where the server does not have it."""
    from redis.exceptions import NoScriptError

    try:
        return await _pipelined(client, script, calls)
    except NoScriptError:
        await client.script_load(script)
        return await _pipelined(client, script, calls)


async def _pipelined(client: Redis, script: str, calls: Sequence[Call]) -> list[Any]:
    digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    async with client.pipeline(transaction=False) as pipe:
        for keys, arguments in calls:
            pipe.evalsha(digest, len(keys), *keys, *arguments)
        return list(await pipe.execute())

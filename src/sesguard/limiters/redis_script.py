"""The arithmetic of a shared bucket, as Redis runs it."""

from __future__ import annotations

import hashlib

from sesguard._core import rate as core

__all__ = ["SCRIPT", "SHA"]

# The arithmetic is that of sesguard._core.rate_share, function by function, and a test holds the
# one against the other. A server has no clock that only runs on, so each client says which time
# it expects by its own: where the server's is far from that, and what is kept is not, it was set.
# And each says for how long mails may still start that a server which lost its data has let go.
_TEXT = """
local deed, amount = ARGV[1], tonumber(ARGV[2])
local rate, size, part = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now, expected, rest = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local names = {'tokens', 'rate', 'size', 'as_of', 'pace', 'slowed_at', 'share', 'held', 'ahead',
  'largest'}
local tokens, pace, slowed_at, as_of = size, 1, now - ONE_THROTTLE, now
local share, held, ahead, largest, was, room = 0, 0, 0, 0, rate, size

local function passed(seconds)
  local gained = math.max(0, seconds - ahead) * was * pace
  local taken = math.min(held, share * gained)
  held = held - taken
  ahead = math.max(0, ahead - seconds)
  tokens = math.min(room, tokens + gained - taken)
end

if redis.call('EXISTS', KEYS[1]) == 1 then
  local kept = redis.call('HMGET', KEYS[1], unpack(names))
  for index = 1, 10 do
    kept[index] = tonumber(kept[index] or nil)
    if not kept[index] or not (math.abs(kept[index]) < math.huge) then
      return redis.error_reply('FOREIGN state of a limiter')
    end
  end
  tokens, was, room, as_of, pace, slowed_at, share, held, ahead, largest = unpack(kept)
  if tokens > room or room < 1 or was <= 0 or pace < SLOWEST or pace > 1 or slowed_at > as_of
    or share < 0 or share >= 1 or held < 0 or (held > 0 and share == 0) or ahead < 0
    or largest < 0 then
    return redis.error_reply('FOREIGN state of a limiter')
  end
  local elapsed = now - as_of
  if expected and (now - expected > 1 and as_of < expected + 0.5
    or expected - now > 1 and as_of - now > 1) then
    elapsed = expected - as_of
  end
  if as_of > now then
    slowed_at = math.min(slowed_at, now - ONE_THROTTLE)
  end
  if elapsed > 0 then
    passed(elapsed)
    pace = math.min(1, pace + elapsed / RECOVERY)
  end
  tokens = math.min(tokens, size)
elseif rest and rest > 0 then
  tokens, ahead = 1, rest
end
was, room, as_of = rate, size, now

local wait = 0
if deed == 'reserve' then
  local need = 1
  if held > 0 then
    need = math.max(1, math.min(amount, largest))
  end
  if part == 0 and need <= size then
    local short = math.max(0, need - tokens)
    wait = ahead + math.min(short / (1 - share), short + held) / (rate * pace)
    tokens = tokens - amount
  else
    if held == 0 and part > 0 then
      share, largest = part, 0
    end
    if tokens + held / share - held >= 1 then
      wait = ahead + held / share / (rate * pace)
      held, largest = held + amount, math.max(largest, amount)
    else
      wait = ahead + (1 - tokens + held) / (rate * pace)
      tokens, held, ahead, largest = 1, amount, wait, amount
    end
  end
elseif deed == 'give_back' then
  local out = 0
  if part > 0 or math.min(amount, largest) > size then
    out = math.min(held, amount)
  end
  held = held - out
  tokens = math.min(size, tokens + amount - out)
else
  if now - slowed_at >= ONE_THROTTLE then
    pace, slowed_at = math.max(SLOWEST, pace / 2), now
  end
  tokens = math.min(tokens, 1)
  if amount > ahead then
    passed(amount)
    tokens, ahead = math.min(1, tokens), amount
  end
end

local after = {tokens, rate, size, as_of, pace, slowed_at, share, held, ahead, largest}
local fields = {}
for index = 1, 10 do
  fields[index * 2 - 1] = names[index]
  fields[index * 2] = string.format('%.17g', after[index])
end
redis.call('HSET', KEYS[1], unpack(fields))
local rest = 86400 + ahead + (size - tokens + held) / (rate * pace)
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.min(rest * 1000, 1e15)))
return {string.format('%.17g', wait), string.format('%.17g', now)}
"""
SCRIPT = (
    _TEXT.replace("ONE_THROTTLE", repr(core.ONE_THROTTLE))
    .replace("SLOWEST", repr(core.SLOWEST))
    .replace("RECOVERY", repr(core.RECOVERY))
)
SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

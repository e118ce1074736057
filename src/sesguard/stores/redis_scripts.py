"""What a suppression list asks Redis to do in one step."""

from __future__ import annotations

__all__ = ["BEGIN", "CHANGED", "DONE", "FOREIGN", "READ", "WRITE"]

DONE, CHANGED, FOREIGN = 1, 0, -1
"""What `WRITE` and `BEGIN` answer: it is so now; it was changed meanwhile; it is none of ours."""

# KEYS: about, names, then any that are read. ARGV: the names of the first of those.
#
# MGET answers nothing for a key that is gone and for one of another type. A name that is in the
# set all the same has lost what stood under it, which is told as an empty text.
READ = """
local found = {redis.call('GET', KEYS[1])}
for first = 3, #KEYS, 5000 do
  local last = math.min(first + 4999, #KEYS)
  for _, text in ipairs(redis.call('MGET', unpack(KEYS, first, last))) do
    found[#found + 1] = text
  end
end
for index, name in ipairs(ARGV) do
  if not found[index + 1] and redis.call('ZSCORE', KEYS[2], name) then
    found[index + 1] = ''
  end
end
return found
"""

# KEYS: about, names. ARGV: about as it was, about as it is to be, then ids of peppers that are
# not given, under which nothing may stand. Answers such an id where something does.
BEGIN = """
local held = redis.call('GET', KEYS[1]) or ''
if held ~= ARGV[1] then
  return 0
end
if held == '' and redis.call('ZCARD', KEYS[2]) > 0 then
  return -1
end
for index = 3, #ARGV do
  local first, last = '[' .. ARGV[index] .. ':', '(' .. ARGV[index] .. ';'
  if #redis.call('ZRANGEBYLEX', KEYS[2], first, last, 'LIMIT', 0, 1) > 0 then
    return ARGV[index]
  end
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""

# KEYS: about, names, counting, then marks, then texts. ARGV: a token, about as it was, how many
# marks, their milliseconds; how many texts, and the name, the text as it was and as it is to be
# of each; then members of counting with their scores. Nothing stands as ''.
#
# A write that redis-py repeats, since its answer was lost, finds its own token in its first mark.
# Redis refuses all of it before the first thing is written, but for a user who may not do a part
# of it. So what finds an address comes first and goes last, and the marks come last of all: a
# batch that was cut off is not taken for one that was applied, and is made whole by being repeated.
WRITE = """
local token, about, marks = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('GET', KEYS[4]) == token then
  return 1
end
if redis.call('GET', KEYS[1]) ~= about then
  return 0
end
for index = 1, marks do
  if redis.call('GET', KEYS[3 + index]) then
    return 0
  end
end
local at, texts = 4 + marks, tonumber(ARGV[4 + marks])
for index = 1, texts do
  local was = redis.call('GET', KEYS[3 + marks + index]) or ''
  if was ~= ARGV[at + 3 * index - 1] then
    return 0
  end
end
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])
for index = 1, texts do
  local key, name = KEYS[3 + marks + index], ARGV[at + 3 * index - 2]
  local was, is = ARGV[at + 3 * index - 1], ARGV[at + 3 * index]
  if is ~= '' then
    if is ~= was then
      redis.call('SET', key, is)
    end
    redis.call('ZADD', KEYS[2], 0, name)
  elseif was ~= '' then
    redis.call('ZREM', KEYS[2], name)
    redis.call('DEL', key)
  end
end
for index = at + 3 * texts + 1, #ARGV, 2 do
  if ARGV[index + 1] == '' then
    redis.call('ZREM', KEYS[3], ARGV[index])
  else
    redis.call('ZADD', KEYS[3], ARGV[index + 1], ARGV[index])
  end
end
for index = 1, marks do
  redis.call('SET', KEYS[3 + index], token, 'PX', ARGV[3 + index])
end
return 1
"""

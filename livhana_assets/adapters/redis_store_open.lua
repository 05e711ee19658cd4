-- The open proposal of a pattern, in one step, so that it cannot close in between.
-- KEYS: open patterns. ARGV: pattern id, prefix of the proposals' keys.
local id = redis.call('HGET', KEYS[1], ARGV[1])
return id and redis.call('GET', ARGV[2] .. id)

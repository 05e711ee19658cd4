-- Keep one piece of knowledge under a key that nobody else has; the same piece again is the same key.
-- KEYS: knowledge, index. ARGV: entry. Answers 1 where it is kept, 0 where the key is another's.
local present = redis.call('GET', KEYS[1])
if present and present ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 0, KEYS[1])
return 1

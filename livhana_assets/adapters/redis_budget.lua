-- reserve KEYS[1] operation amount limit seconds -> {1 or 0, used} | settle KEYS[1] operation actual -> {1 or 0, used}
-- KEYS[2], where given, is a stream: the pairs that follow the arguments above become a line of it in the same step, and only where something changed
local function write(first)
  if KEYS[2] then redis.call('XADD', KEYS[2], 'MAXLEN', '~', 200000, '*', unpack(ARGV, first)) end
end
local used = tonumber(redis.call('HGET', KEYS[1], 'used') or '0')
local held = 'held:' .. ARGV[2]
if ARGV[1] == 'reserve' then
  local amount, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
  if redis.call('HEXISTS', KEYS[1], held) == 1 then return {1, used} end
  if used + amount > limit then return {0, used} end
  redis.call('HSET', KEYS[1], held, ARGV[3])
  used = redis.call('HINCRBY', KEYS[1], 'used', ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[5])
  write(6)
  return {1, used}
end
local amount = redis.call('HGET', KEYS[1], held)
if not amount then return {0, used} end
redis.call('HDEL', KEYS[1], held)
write(4)
return {1, redis.call('HINCRBY', KEYS[1], 'used', string.format('%.0f', tonumber(ARGV[3]) - tonumber(amount)))}

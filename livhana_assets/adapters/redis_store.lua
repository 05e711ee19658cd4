-- One transition of the proposal store in one step: compare, set, summary, open patterns, audit.
-- Every read (and so every check, and every WRONGTYPE) comes before the first write, because Redis does not roll back.
--
-- KEYS: operation, head, audit, summary, open patterns, proposal, paused
-- ARGV: kind (add, save, record, pause), operation's lifetime in seconds, expected head, new head, audit id, audit entry,
--       proposal id, expected version, proposal, summary line, pattern id, open (1 or 0), paused (1 or 0)
-- Answers {word, text}: done <entry or proposal>, known <kind and text>, missing, stale <version>, exists, open <proposal id>,
--       head <present head>, broken
local operation, head, audit, summary, patterns, proposal, paused = unpack(KEYS)
local kind, lifetime, expected_head, new_head, audit_id, entry, id, expected_version, document, line, pattern, open, pause =
  unpack(ARGV)
local changes = kind == 'add' or kind == 'save'

local known = redis.call('GET', operation)
if known then return {'known', known} end

local before = redis.call('HGET', summary, id)
local old = before and cjson.decode(before)
local holder = redis.call('HGET', patterns, pattern)
if kind == 'add' then
  if before then return {'exists', ''} end
  if open == '1' and holder then return {'open', holder} end
elseif kind == 'save' then
  if not before then return {'missing', ''} end
  if old.version ~= tonumber(expected_version) then return {'stale', tostring(old.version)} end
  if open == '1' and holder and holder ~= id then return {'open', holder} end
end

local present = redis.call('GET', head) or ''
local lines = redis.call('XLEN', audit)
if present == '' and lines > 0 then return {'broken', ''} end
if present ~= expected_head then return {'head', present} end
local last = redis.call('XREVRANGE', audit, '+', '-', 'COUNT', 1)[1]
if present ~= '' and (not last or last[1] ~= string.match(present, '^%d+') .. '-0') then return {'broken', ''} end

redis.call('XADD', audit, audit_id, 'entry', entry)
redis.call('SET', head, new_head)
local result = entry
if changes then
  result = document
  redis.call('SET', proposal, document)
  redis.call('HSET', summary, id, line)
  if old and redis.call('HGET', patterns, old.patternId) == id then redis.call('HDEL', patterns, old.patternId) end
  if open == '1' then redis.call('HSET', patterns, pattern, id) end
elseif kind == 'pause' then
  if pause == '1' then redis.call('SET', paused, '1') else redis.call('DEL', paused) end
end
redis.call('SET', operation, kind .. ' ' .. result, 'EX', lifetime)
return {'done', kind .. ' ' .. result}

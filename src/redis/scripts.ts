/** A step that the server takes as one: nobody sees, or comes in, between its lines. */
export interface Script {
  readonly lua: string;
  readonly isRead: boolean;
  /** Running it twice, because nobody knows whether it has run, does what running it once does. */
  readonly isRepeatable: boolean;
}

/**
 * `KEYS`: record, lock, aside. A hint that may not be given (`pcall`) spoils nothing. A version
 * is of the stored text itself, so that a foreign writer is noticed.
 */
const PRELUDE = `
local record, lock, aside = KEYS[1], KEYS[2], KEYS[3]
local function found()
  local kind = redis.call('TYPE', record).ok
  if kind ~= 'hash' and kind ~= 'none' then return {'WRONGTYPE', false, false, false} end
  local raw, pending, dead = unpack(redis.call('HMGET', record, 'credentials', 'pending', 'dead'))
  local bare = raw and string.gsub(raw, '%s', '')
  if not raw or bare == 'null' or bare == '{}' then return {'-', raw, pending, dead} end
  return {redis.sha1hex(raw), raw, pending, dead}
end
`;

const reading = (lua: string): Script => ({ lua: PRELUDE + lua, isRead: true, isRepeatable: true });
const writing = (lua: string): Script => ({ lua: PRELUDE + lua, isRead: false, isRepeatable: true });

/** Version, text, journal and dead mark of what is there. */
export const READ = reading('return found()');

/**
 * `ARGV`: the version expected (or `*`), the text to store (empty: sign out), what was found to be corrupt, for
 * how long to keep that (ms), the channel. What was written already, by a try whose answer was lost, is written.
 */
const WRITE_LUA = `
local expected, text, corrupt, keptMs, channel = unpack(ARGV)
local now = found()
if expected ~= '*' then
  if now[2] == text and text ~= '' then return {1, unpack(now)} end
  if now[1] ~= expected then return {0, unpack(now)} end
elseif now[1] == 'WRONGTYPE' then
  redis.call('RENAME', record, aside)
  redis.call('PEXPIRE', aside, keptMs)
else
  if now[2] and now[2] == corrupt then redis.call('SET', aside, corrupt, 'PX', keptMs) end
  redis.call('HDEL', record, 'pending', 'dead')
end
if text == '' then redis.call('HDEL', record, 'credentials', 'pending', 'dead')
else redis.call('HSET', record, 'credentials', text) end
now = found()
redis.pcall('PUBLISH', channel, now[1])
return {1, unpack(now)}
`;
export const COMPARE_AND_SET = writing(WRITE_LUA);
/** Not repeated blindly: somebody else may have signed in since. */
export const REPLACE: Script = { ...writing(WRITE_LUA), isRepeatable: false };

/**
 * `ARGV`: the owner, the length of the lease (ms). Answers with the fence, or nothing where somebody else is
 * inside. A fence begins with the time, so that even a record that was deleted never sees one again.
 */
export const ACQUIRE = writing(`
local held = redis.call('GET', lock)
if held and held ~= ARGV[1] then return false end
local isFirst = redis.call('HSETNX', record, 'fence', redis.call('TIME')[1]) == 1
if isFirst or not held then redis.call('HINCRBY', record, 'fence', 1) end
redis.call('SET', lock, ARGV[1], 'PX', ARGV[2])
return redis.call('HGET', record, 'fence')
`);

/** `ARGV`: owner, fence, length. Extends a lease that is still ours, or whose key was lost while nobody came in. */
const OURS = `
local owner, fence, leaseMs = ARGV[1], ARGV[2], ARGV[3]
local held = redis.call('GET', lock)
if held ~= owner and (held or redis.call('HGET', record, 'fence') ~= fence) then return 0 end
redis.call('SET', lock, owner, 'PX', leaseMs)
`;

export const RENEW = writing(`${OURS} return 1`);

/** `ARGV`: and the journal. Answers with the one that stood there before. */
export const PREPARE = writing(`${OURS}
local before = redis.call('HGET', record, 'pending')
redis.call('HSET', record, 'pending', ARGV[4])
return {1, before}
`);

/**
 * `ARGV`: the fence, a field, its value (empty: none). A holder whose lease has lapsed writes nothing into the
 * journal of the next one.
 */
export const NOTE = writing(`
if redis.call('HGET', record, 'fence') ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', record, ARGV[2])
else redis.call('HSET', record, ARGV[2], ARGV[3]) end
return 1
`);

/** `ARGV`: owner, channel, what to say there. A renewal that comes in later finds another fence, and no lease. */
export const RELEASE = writing(`
local held = redis.call('GET', lock)
if held and held ~= ARGV[1] then return 0 end
redis.call('DEL', lock)
if redis.pcall('HEXISTS', record, 'fence') == 1 then redis.call('HINCRBY', record, 'fence', 1) end
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1
`);

/** Who is inside, as they have called themselves. */
export const HOLDER = reading(`return redis.call('GET', lock)`);

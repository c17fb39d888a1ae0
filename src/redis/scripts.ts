/** A step that the server takes as one: nobody sees, or comes in, between its lines. */
export interface Script {
  readonly lua: string;
  readonly isRead: boolean;
}

/**
 * `KEYS`: record, lock, aside. A hint that may not be given (`pcall`) spoils nothing. A version
 * is of the stored text itself, so that a foreign writer is noticed.
 *
 * Running any script twice, because nobody knows whether it has run, does what running it once does: we run it again,
 * and ioredis sends what it had no answer to again by itself, also when its caller was told long ago that it failed.
 */
const PRELUDE = `
local record, lock, aside = KEYS[1], KEYS[2], KEYS[3]
local function found()
  local kind = redis.call('TYPE', record).ok
  if kind ~= 'hash' and kind ~= 'none' then return {'WRONGTYPE', false, false, false, false} end
  local raw, pending, dead, replaced =
    unpack(redis.call('HMGET', record, 'credentials', 'pending', 'dead', 'replaced'))
  local bare = raw and string.gsub(raw, '%s', '')
  if not raw or bare == 'null' or bare == '{}' then return {'-', raw, pending, dead, replaced} end
  return {redis.sha1hex(raw), raw, pending, dead, replaced}
end
`;

const reading = (lua: string): Script => ({ lua: PRELUDE + lua, isRead: true });
const writing = (lua: string): Script => ({ lua: PRELUDE + lua, isRead: false });

/** Version, text, journal and dead mark of what is there, and how often that was replaced. */
export const READ = reading('return found()');

/** Empty text: sign out. */
const STORED = `
local function stored(text, channel)
  if text == '' then redis.call('HDEL', record, 'credentials', 'pending', 'dead')
  else redis.call('HSET', record, 'credentials', text) end
  local now = found()
  redis.pcall('PUBLISH', channel, now[1])
  return {1, unpack(now)}
end
`;

/**
 * `ARGV`: the version expected, the text to store, the channel. What was written already, by a try whose answer was
 * lost, is written.
 */
export const COMPARE_AND_SET = writing(`${STORED}
local expected, text, channel = unpack(ARGV)
local now = found()
if now[2] == text and text ~= '' then return {1, unpack(now)} end
if now[1] ~= expected then return {0, unpack(now)} end
return stored(text, channel)
`);

/**
 * `ARGV`: version and count of what was seen, the text to store, the channel, what was found to be corrupt, for how
 * long to keep that (ms). Where it was replaced since, by another or an earlier run of this, that counts as the later
 * word; where it has changed otherwise, look again. The count begins with the time, as a fence does.
 */
export const REPLACE = writing(`${STORED}
local version, count, text, channel, corrupt, keptMs = unpack(ARGV)
local now = found()
local by = tonumber(now[5] or 0) - tonumber(count)
if by > 0 then return {1, unpack(now)} end
if by < 0 or now[1] ~= version then return {0, unpack(now)} end
if version == 'WRONGTYPE' then
  redis.call('RENAME', record, aside)
  redis.call('PEXPIRE', aside, keptMs)
elseif now[2] and now[2] == corrupt then redis.call('SET', aside, corrupt, 'PX', keptMs) end
redis.call('HDEL', record, 'pending', 'dead')
redis.call('HSETNX', record, 'replaced', redis.call('TIME')[1])
redis.call('HINCRBY', record, 'replaced', 1)
return stored(text, channel)
`);

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

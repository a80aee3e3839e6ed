/** The messages between the two halves of the bare pipe. */
export const QUEUE = 'pipe';
export const CHANNEL = 'pipe:live';

export interface PipeJob {
  readonly runId: string;
  readonly body: { readonly model: string; readonly stream: boolean };
}

export interface PipeEvent {
  readonly text?: string;
  readonly end?: boolean;
}

/** KEYS log, meta; ARGV attempt, first seq, run id, events as JSON. Fenced: only the highest attempt may write. */
export const APPEND = `
local m = redis.call('HMGET', KEYS[2], 'att', 'seq')
if tonumber(m[1] or '0') > tonumber(ARGV[1]) then return -1 end
redis.call('XADD', KEYS[1], ARGV[2] .. '-0', 'e', ARGV[4])
redis.call('HSET', KEYS[2], 'att', ARGV[1], 'seq', ARGV[2])
redis.call('PUBLISH', '${CHANNEL}', ARGV[3] .. ' ' .. ARGV[4])
return 0`;

import { memoryRunLog, type MemoryRunLog } from '#libs/bus';
import { GatewayError, turnOf, type Message, type Turn } from '#libs/contract';
import { historyReader, joinConversation, messagesOf } from '#libs/history';
import { runSnapshot } from '../../support/run-snapshot.js';
import { runSpec } from '../../support/run-spec.js';

const user = (content: string): Message => ({ role: 'user', content });
const answer = (text: string): Message => ({ role: 'assistant', text, toolCalls: [] });

/** A conversation of runs, some in the store and some only in their logs. */
class Chain {
  readonly log: MemoryRunLog = memoryRunLog();
  readonly stored = new Map<string, Turn>();
  storeIsAway = false;
  queries = 0;
  private last: string | undefined;

  readonly reader = historyReader({
    log: this.log,
    store: {
      turns: async (runId) => {
        this.queries++;
        if (this.storeIsAway) throw new GatewayError('unavailable', 'away');
        const turns: Turn[] = [];
        for (let id: string | undefined = runId; id !== undefined; id = turns[0]?.parentId) {
          const turn = this.stored.get(id);
          if (!turn) break;
          turns.unshift(turn);
        }
        return turns;
      },
    },
  });

  /** Adds the next turn: question n, answer n. */
  async add(n: number, places: 'store' | 'log' | 'both' | 'nowhere'): Promise<string> {
    const spec = runSpec({ messages: [user(`q${n}`)], ...(this.last && { parentId: this.last }) });
    const snapshot = runSnapshot({
      runId: spec.runId,
      items: [{ type: 'text', step: 1, status: 'completed', text: `a${n}` }],
      ...(this.last && { parentId: this.last }),
    });
    this.last = spec.runId;
    if (places === 'store' || places === 'both') {
      this.stored.set(spec.runId, turnOf(snapshot, { messages: spec.messages }));
    }
    if (places === 'log' || places === 'both') await this.addLog(spec.runId, n, spec);
    return spec.runId;
  }

  private async addLog(runId: string, n: number, spec: ReturnType<typeof runSpec>): Promise<void> {
    await this.log.open(spec);
    const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
    const events = [
      { type: 'run.started', attempt: 1, worker: 'w' },
      { type: 'step.started', step: 1, model: 'demo', upstream: 'demo' },
      { type: 'text.delta', step: 1, text: `a${n}` },
      { type: 'step.completed', step: 1, finishReason: 'stop', usage },
      { type: 'run.completed', finishReason: 'stop' },
    ].map((event, i) => JSON.stringify({ seq: i + 2, at: 1, ...event }));
    await this.log.append([{ runId, attempt: 1, firstSeq: 2, events, terminal: true }]);
  }
}

const words = (turns: readonly Turn[]): string =>
  messagesOf(turns)
    .map((message) => (message.role === 'assistant' ? message.text : message.role === 'user' ? message.content : ''))
    .join(' ');

describe('the history of a run', () => {
  test('stored turns take one query, turns that are only in their logs come before and after', async () => {
    const chain = new Chain();
    for (let n = 1; n <= 50; n++) await chain.add(n, 'store');
    const last = await chain.add(51, 'both');
    expect(words(await chain.reader.turns(last))).toMatch(/^q1 a1 q2 a2 .* q51 a51$/);
    expect(chain.queries).toBe(1);
    await chain.add(52, 'log');
    const live = await chain.add(53, 'log');
    const turns = await chain.reader.turns(live);
    expect(turns).toHaveLength(53);
    expect(words(turns)).toMatch(/^q1 a1 .* q51 a51 q52 a52 q53 a53$/);
  });

  test('a turn that was deleted before the store had it is marked, and still there for what continues it', async () => {
    const chain = new Chain();
    const first = await chain.add(1, 'log');
    const last = await chain.add(2, 'log');
    await chain.log.markDeleted(first);
    expect((await chain.reader.turns(last)).map(({ isDeleted }) => isDeleted)).toEqual([true, undefined]);
    expect(await chain.reader.turn(first)).toMatchObject({ isDeleted: true });
  });

  test('a turn in the middle that the store lacks comes from its log', async () => {
    const chain = new Chain();
    for (const [n, place] of (['store', 'log', 'store'] as const).entries()) await chain.add(n, place);
    const last = await chain.add(3, 'log');
    expect(words(await chain.reader.turns(last))).toBe('q0 a0 q1 a1 q2 a2 q3 a3');
  });

  test('while the store is away the logs are enough, and it is asked once', async () => {
    const chain = new Chain();
    for (let n = 1; n <= 5; n++) await chain.add(n, 'both');
    const last = await chain.add(6, 'log');
    chain.storeIsAway = true;
    expect(words(await chain.reader.turns(last))).toBe('q1 a1 q2 a2 q3 a3 q4 a4 q5 a5 q6 a6');
    expect(chain.queries).toBe(1);
  });

  test('while the store is away and the log has expired, nobody pretends that the conversation began later', async () => {
    const chain = new Chain();
    await chain.add(1, 'store');
    const last = await chain.add(2, 'log');
    chain.storeIsAway = true;
    await expect(chain.reader.turns(last)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a turn that the store did not keep comes from its log, as long as that is there', async () => {
    const chain = new Chain();
    await chain.add(1, 'store');
    const unkept = await chain.add(2, 'both');
    const { snapshot } = chain.stored.get(unkept) as Turn;
    chain.stored.set(unkept, turnOf({ ...snapshot, items: [] }, undefined));
    const last = await chain.add(3, 'both');
    expect(words(await chain.reader.turns(last))).toBe('q1 a1 q2 a2 q3 a3');
    expect((await chain.reader.turn(unkept))?.input?.messages).toEqual([user('q2')]);
    expect(chain.queries).toBe(1);
  });

  test('a turn that was deleted ends the chain', async () => {
    const chain = new Chain();
    await chain.add(1, 'store');
    await chain.add(2, 'nowhere');
    const last = await chain.add(3, 'store');
    expect(words(await chain.reader.turns(last))).toBe('q3 a3');
    expect(await chain.reader.turns('run_unknown')).toEqual([]);
  });
});

describe('joining a conversation', () => {
  const call = (callId: string): Message => ({
    role: 'assistant',
    text: '',
    toolCalls: [{ callId, name: 'f', arguments: '{}' }],
  });
  const result = (callId: string): Message => ({ role: 'tool', callId, output: '1' });

  test('results that come with the next turn stay where they belong', () => {
    expect(joinConversation([], [user('q'), call('c1'), result('c1'), user('next')])).toEqual([
      user('q'),
      call('c1'),
      result('c1'),
      user('next'),
    ]);
  });

  test('a result whose call is not kept any more, or was answered before, is left out', () => {
    expect(joinConversation([], [result('c0'), call('c1'), result('c1'), result('c1'), user('next')])).toEqual([
      call('c1'),
      result('c1'),
      user('next'),
    ]);
  });

  test('a call that was never answered gets a result that says so', () => {
    const missing = { role: 'tool', callId: 'c1', output: 'No result of this call was given.', isError: true };
    expect(joinConversation([], [call('c1'), user('never mind')])).toEqual([call('c1'), missing, user('never mind')]);
    expect(joinConversation([], [answer('x'), call('c1')])).toEqual([answer('x'), call('c1'), missing]);
  });
});

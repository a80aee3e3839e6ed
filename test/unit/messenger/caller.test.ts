import { memoryChatDesk } from '#libs/bus';
import type { CallSlot, ChatDesk } from '#libs/contract';
import type { Capabilities, Platform, Step } from '#libs/messengers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from '../../../apps/messenger/src/posting/caller.js';

const STEP: Step = { kind: 'edit', chat: '1', id: '1', content: { text: 'x' } };
const TERMS = { kind: 'edit', isGroup: false } as const;
/** Longer than a call may be late. */
const LATE_MS = 260;

/** A caller that notes when it reserved places, and what it called. */
function scene() {
  const memory = memoryChatDesk();
  const places: number[] = [];
  const calls: number[] = [];
  const desk: ChatDesk = {
    ...memory,
    async slot(request): Promise<CallSlot> {
      places.push(request.waitMsMax);
      return memory.slot(request);
    },
  };
  const capabilities = { paceOf: () => ({ chatGapMs: 0, platformGapMs: 1 }) } as unknown as Capabilities;
  const platform: Platform = {
    name: 'fake',
    capabilities,
    receive: async () => undefined,
    post: async () => {
      calls.push(places.length);
      return { kind: 'done' };
    },
  };
  const caller = new Caller({ desk, platform, onCall: () => undefined }, 'fake:1', new AbortController().signal);
  return { caller, places, calls };
}

test('a call that was kept waiting after its time takes another place, whatever its wait was worth', async () => {
  const { caller, places, calls } = scene();
  let asked = 0;
  const prepare = async (): Promise<Step> => {
    if (asked++ === 0) await sleep(LATE_MS);
    return STEP;
  };
  await expect(caller.call(prepare, { ...TERMS, waitMsMax: 50 })).resolves.toEqual({ kind: 'done' });
  expect(asked).toBe(2);
  expect(places).toEqual([50, Number.MAX_SAFE_INTEGER]);
  expect(calls).toEqual([2]);
});

test('one that has nothing to call any more is not called', async () => {
  const { caller, calls } = scene();
  let asked = 0;
  const prepare = async (): Promise<Step | undefined> => {
    if (asked++ > 0) return undefined;
    await sleep(LATE_MS);
    return STEP;
  };
  await expect(caller.call(prepare, TERMS)).resolves.toBeUndefined();
  expect(calls).toEqual([]);
});

test('where every call is late, each is made after some places', async () => {
  const { caller, calls } = scene();
  const prepare = async (): Promise<Step> => {
    await sleep(LATE_MS);
    return STEP;
  };
  await expect(caller.call(prepare, TERMS)).resolves.toEqual({ kind: 'done' });
  expect(calls).toEqual([4]);
});

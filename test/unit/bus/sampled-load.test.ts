import { SampledLoad, type Load } from '../../../libs/bus/src/queues/sampled-load.js';

/** A load whose questions are answered by hand. */
function lab() {
  let at = 1_000;
  const questions: { answer(load: Partial<Load>): Promise<void>; fail(): Promise<void> }[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const load = new SampledLoad(
    () =>
      new Promise((resolve, reject) => {
        questions.push({
          answer: (some) => (resolve({ waiting: 0, active: 0, memoryShare: 0, ...some }), turn()),
          fail: () => (reject(new Error('away')), turn()),
        });
      }),
    () => at,
  );
  return { load, questions, later: (ms: number) => void (at += ms) };
}

describe('sampled load', () => {
  test('the first callers wait for one question, later ones do not', async () => {
    const { load, questions, later } = lab();
    const first = Promise.all([load.look(), load.look(), load.look()]);
    expect(questions).toHaveLength(1);
    await questions[0]?.answer({ active: 3 });
    expect((await first).map(({ active }) => active)).toEqual([3, 3, 3]);
    later(100);
    await load.look();
    expect(questions).toHaveLength(1);
    later(200);
    expect((await load.look()).active).toBe(3);
    expect(questions).toHaveLength(2);
    await questions[1]?.answer({ active: 5 });
    expect((await load.look()).active).toBe(5);
  });

  test('a question that fails is asked again; what was known still holds', async () => {
    const { load, questions, later } = lab();
    const first = load.look();
    await questions[0]?.fail();
    await expect(first).rejects.toThrow('away');
    later(300);
    const second = load.look();
    await questions[1]?.answer({ waiting: 7 });
    expect((await second).waiting).toBe(7);
    later(300);
    await load.look();
    await questions[2]?.fail();
    expect((await load.look()).waiting).toBe(7);
  });

  test('nobody decides on a sample that is older than a second: callers wait for a new one', async () => {
    const { load, questions, later } = lab();
    const first = load.look();
    await questions[0]?.answer({ memoryShare: 0.9 });
    await first;
    later(1_001);
    const looks = Promise.all([load.look(), load.look()]);
    expect(questions).toHaveLength(2);
    await questions[1]?.answer({ memoryShare: 0.1 });
    expect((await looks).map(({ memoryShare }) => memoryShare)).toEqual([0.1, 0.1]);
  });

  test('when that look fails, whoever waited for it hears so, and the next caller looks again', async () => {
    const { load, questions, later } = lab();
    const first = load.look();
    await questions[0]?.answer({});
    await first;
    later(5_000);
    const stale = load.look();
    await questions[1]?.fail();
    await expect(stale).rejects.toThrow('away');
    const next = load.look();
    expect(questions).toHaveLength(3);
    await questions[2]?.answer({ waiting: 2 });
    expect((await next).waiting).toBe(2);
  });

  test('a sample is as old as its question, however late it was answered', async () => {
    const { load, questions, later } = lab();
    const first = load.look();
    later(900);
    await questions[0]?.answer({ waiting: 1 });
    await first;
    later(200);
    const second = load.look();
    await questions[1]?.answer({ waiting: 2 });
    expect((await second).waiting).toBe(2);
  });

  test('those that come together take no more places than are free', async () => {
    const { load, questions } = lab();
    expect(load.takeFree(2)).toBe(false);
    const crowd = Promise.all(
      Array.from({ length: 9 }, async () => {
        await load.look();
        return load.takeFree(5);
      }),
    );
    await questions[0]?.answer({ active: 3 });
    expect((await crowd).filter(Boolean)).toHaveLength(2);
  });

  test('nothing is free while somebody waits', async () => {
    const { load, questions } = lab();
    const first = load.look();
    await questions[0]?.answer({ waiting: 1 });
    await first;
    expect(load.takeFree(5)).toBe(false);
  });

  test('a place is taken until a look that was begun after its run was queued', async () => {
    const { load, questions, later } = lab();
    const first = load.look();
    await questions[0]?.answer({});
    await first;
    const take = (count: number): boolean[] => Array.from({ length: count }, () => load.takeFree(2));
    expect(take(3)).toEqual([true, true, false]);
    later(300);
    await load.look();
    // Slow: neither run is in the queue yet when this is answered, and no second question is asked meanwhile.
    load.noteQueued();
    later(300);
    await load.look();
    expect(questions).toHaveLength(2);
    await questions[1]?.answer({});
    expect(take(1)).toEqual([false]);
    later(300);
    await load.look();
    await questions[2]?.answer({});
    expect(take(2)).toEqual([true, false]);
  });
});

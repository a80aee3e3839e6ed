import { GatewayError, type ErrorCode, type ModelAttempt, type ModelCandidate } from '#libs/contract';
import { modelRoute } from '#libs/providers';
import { UpstreamFailure, type Hints } from '../../../../libs/providers/src/upstream/failures.js';
import { scriptedProvider } from '../../../support/agent-lab.js';

const candidate = (upstream: string, retriesMax = 0): ModelCandidate => ({
  provider: scriptedProvider(() => [], upstream),
  model: 'm',
  retriesMax,
});
const signal = new AbortController().signal;
/** No wait, so that no test has to. */
const failure = (code: ErrorCode, hints: Partial<Hints> = {}): UpstreamFailure =>
  new UpstreamFailure({ retry: false, waitMs: 0, ...hints }, code, `It is ${code}.`);

/** Who is asked, and in which manner, while the given failures come one after the other. */
async function walk(candidates: readonly ModelCandidate[], errors: readonly unknown[]): Promise<string[]> {
  const route = modelRoute('lab', candidates);
  const told: string[] = [];
  let attempt: ModelAttempt = await route.next(undefined, 'key', signal);
  const tell = (): unknown =>
    told.push(`${attempt.candidate.provider.upstream}${attempt.streaming ? '' : ' whole'} ${attempt.retries}`);
  tell();
  for (const error of errors) {
    try {
      attempt = await route.next({ attempt, error }, 'key', signal);
      tell();
    } catch (thrown) {
      expect(thrown).toBe(error);
      told.push('over');
      return told;
    }
  }
  return told;
}

describe('the policy for asking again', () => {
  test('a failure that may pass is retried as often as the candidate allows, then the next one stands in', async () => {
    const busy = failure('upstream_error', { retry: true });
    const told = await walk(
      [candidate('a', 2), candidate('b', 1)],
      Array.from({ length: 6 }, () => busy),
    );
    expect(told).toEqual(['a 0', 'a 1', 'a 2', 'b 0', 'b 1', 'over']);
  });

  test('a stream that breaks off before its first word is asked for whole, with retries of its own', async () => {
    const cut = failure('upstream_cut');
    const busy = failure('upstream_error', { retry: true });
    expect(await walk([candidate('a', 1), candidate('b')], [busy, cut, busy, cut, cut, cut])).toEqual([
      ...['a 0', 'a 1', 'a whole 0', 'a whole 1'],
      ...['b 0', 'b whole 0', 'over'],
    ]);
  });

  test('an upstream that does not stream is asked for the whole answer, once', async () => {
    const refuses = failure('upstream_refused', { refusesStream: true });
    expect(await walk([candidate('a', 2), candidate('b')], [refuses, refuses])).toEqual(['a 0', 'a whole 0', 'over']);
  });

  test.each<[ErrorCode, string]>([
    ['upstream_error', 'b 0'],
    ['upstream_auth_failed', 'b 0'],
    ['upstream_rate_limited', 'b 0'],
    ['upstream_unreachable', 'b 0'],
    ['upstream_timeout', 'b 0'],
    ['upstream_refused', 'over'],
    ['context_length_exceeded', 'over'],
    ['internal_error', 'over'],
  ])('%s: %s', async (code, then) => {
    expect(await walk([candidate('a'), candidate('b')], [failure(code)])).toEqual(['a 0', then]);
  });

  test('a wait of more than a few seconds is nobody to wait for: the next candidate, or the failure, at once', async () => {
    const long = failure('upstream_rate_limited', { retry: true, waitMs: 3_600_000 });
    expect(await walk([candidate('a', 5), candidate('b', 5)], [long, long])).toEqual(['a 0', 'b 0', 'over']);
  });

  test('what is no failure of an upstream is thrown as it is', async () => {
    expect(await walk([candidate('a', 5), candidate('b')], [new TypeError('ours')])).toEqual(['a 0', 'over']);
  });

  test('a route to nowhere is model_not_found', async () => {
    await expect(modelRoute('none', []).next(undefined, 'key', signal)).rejects.toMatchObject({
      code: 'model_not_found',
    });
  });

  test("an abort ends a wait with the signal's reason, and comes before anything else", async () => {
    const abort = new AbortController();
    const route = modelRoute('lab', [candidate('a', 5)]);
    const attempt = await route.next(undefined, 'key', abort.signal);
    const error = failure('upstream_error', { retry: true, waitMs: 5_000 });
    const next = route.next({ attempt, error }, 'key', abort.signal);
    const reason = new GatewayError('run_timeout', 'enough');
    abort.abort(reason);
    await expect(next).rejects.toBe(reason);
    await expect(route.next(undefined, 'key', abort.signal)).rejects.toBe(reason);
  });
});

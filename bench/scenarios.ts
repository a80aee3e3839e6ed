/** p50 and p99 in milliseconds. */
export type Times = readonly [p50: number, p99: number];

/** The target of the performance page, for its machine when it is quiet. */
export interface Aim {
  readonly tokensPerSecond?: number;
  readonly requestsPerSecond?: number;
  readonly ttft?: Times;
  readonly token?: Times;
  readonly requestP99?: number;
}

/** The scenarios of the performance page: users, pace of the answer, streaming or not. */
export interface Scenario {
  readonly name: string;
  readonly gapMs: number;
  readonly users: number;
  readonly stream: boolean;
  readonly aim: Aim;
  /** The same as a multiple of the bare pipe's times on that machine. */
  readonly aimOfPipe?: string;
  /** The model's name on the wire. Absent: the name of the pace. */
  readonly asked?: string;
  /** Another way to ask the same gateway for the same, in turn with the scenario's own: its ratios are the result. */
  readonly twin?: Twin;
}

export interface Twin {
  readonly name: string;
  readonly asked?: string;
  readonly path?: string;
}

/** Names under which a gateway of the bench has an unpaced model: at one upstream, and at five that share it. */
export const ONE_UPSTREAM = 'bench-one';
export const FIVE_UPSTREAMS = 'bench-five';

/** Tokens of every answer. */
export const TOKENS = 64;

/**
 * The scenario for a machine of another speed than the page's (0.5: half as fast), as hard for it as the page's is for
 * the page's: so many times the users, and times that are longer by as much. What one user alone or an unpaced answer
 * asks for scales by itself.
 */
export function scaled(scenario: Scenario, speed: number): Scenario {
  const { users, gapMs, aim } = scenario;
  const longer = (times: Times | undefined): Times | undefined => times && [times[0] / speed, times[1] / speed];
  const [ttft, token] = [longer(aim.ttft), longer(aim.token)];
  const single = {
    ...(aim.tokensPerSecond !== undefined && { tokensPerSecond: aim.tokensPerSecond * speed }),
    ...(aim.requestP99 !== undefined && { requestP99: aim.requestP99 / speed }),
    ...(aim.requestsPerSecond !== undefined && { requestsPerSecond: aim.requestsPerSecond * speed }),
  };
  return {
    ...scenario,
    users: gapMs === 0 || users === 1 ? users : Math.max(1, Math.round(users * speed)),
    aim: { ...single, ...(ttft && { ttft }), ...(token && { token }) },
  };
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'S1', gapMs: 10, users: 1, stream: true, aim: { ttft: [4.5, 15] }, aimOfPipe: 'TTFT 1.6/1.8' },
  {
    name: 'S2',
    gapMs: 20,
    users: 50,
    stream: true,
    aim: { ttft: [4, 15], token: [1.5, 6] },
    aimOfPipe: 'TTFT 2.0/2.3, token 1.2/1.5',
  },
  {
    name: 'S3',
    gapMs: 20,
    users: 200,
    stream: true,
    aim: { tokensPerSecond: 9_900, ttft: [6, 40], token: [2.5, 20] },
    aimOfPipe: 'tokens/s 0.977, TTFT 2.1/2.2, token 1.4/1.4',
  },
  {
    name: 'S4',
    gapMs: 0,
    users: 50,
    stream: true,
    aim: { tokensPerSecond: 40_000 },
    aimOfPipe: 'tokens/s 0.74',
  },
  { name: 'S5', gapMs: 0, users: 50, stream: false, aim: { requestsPerSecond: 1_500, requestP99: 70 } },
  {
    name: 'S7',
    gapMs: 0,
    users: 50,
    stream: false,
    aim: {},
    asked: ONE_UPSTREAM,
    twin: { name: 'five', asked: FIVE_UPSTREAMS },
  },
  {
    name: 'S8',
    gapMs: 20,
    users: 50,
    stream: true,
    aim: {},
    twin: { name: 'messages', path: '/v1/messages' },
  },
  { name: 'S6', gapMs: 20, users: 500, stream: true, aim: { tokensPerSecond: 20_000 } },
];

/** Driven once, unmeasured, before anything is measured. */
export const WARM_UP: Scenario = { name: 'warm-up', gapMs: 5, users: 100, stream: true, aim: {} };

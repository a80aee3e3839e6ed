import { modelOf } from './clock.js';

/** The scenarios of the performance page: users, pace of the answer, streaming or not, and what is aimed at. */
export interface Scenario {
  readonly name: string;
  readonly what: string;
  readonly model: string;
  readonly users: number;
  readonly stream: boolean;
  /** The page's target, on its machine when that is quiet. */
  readonly aim: string;
  /** The same as a multiple of the bare pipe's times on that machine. */
  readonly aimOfPipe?: string;
}

const paced = (gapMs: number): string => modelOf({ tokens: 64, gapMs });

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'S1',
    what: '1 stream, 10 ms',
    model: paced(10),
    users: 1,
    stream: true,
    aim: 'TTFT 4.5/15 ms',
    aimOfPipe: 'TTFT 1.6/1.8',
  },
  {
    name: 'S2',
    what: '50 streams, 20 ms',
    model: paced(20),
    users: 50,
    stream: true,
    aim: 'TTFT 4/15, token 1.5/6 ms',
    aimOfPipe: 'TTFT 2.0/2.3, token 1.2/1.5',
  },
  {
    name: 'S3',
    what: '200 streams, 20 ms',
    model: paced(20),
    users: 200,
    stream: true,
    aim: '9,900 tokens/s, TTFT 6/40, token 2.5/20 ms',
    aimOfPipe: 'tokens/s 0.977, TTFT 2.1/2.2, token 1.4/1.4',
  },
  {
    name: 'S4',
    what: '50 streams, unpaced',
    model: paced(0),
    users: 50,
    stream: true,
    aim: '40,000 tokens/s',
    aimOfPipe: 'tokens/s 0.74',
  },
  {
    name: 'S5',
    what: '50 users, no streaming',
    model: paced(0),
    users: 50,
    stream: false,
    aim: '1,500 req/s, p99 70 ms',
  },
  { name: 'S6', what: '500 streams, 20 ms', model: paced(20), users: 500, stream: true, aim: '20,000 tokens/s' },
];

/** Driven once, unmeasured, before anything is measured. */
export const WARM_UP: Scenario = {
  name: 'warm-up',
  what: '100 streams, 5 ms',
  model: paced(5),
  users: 100,
  stream: true,
  aim: '-',
};

import { craft, type CraftSettings, type Keys } from './craft.js';
import { judge } from './judge.js';
import { Random } from './random.js';
import type { Operation } from './routes.js';
import { send } from './send.js';

export interface FuzzOrder {
  readonly port: number;
  readonly keys: Keys;
  readonly operations: readonly Operation[];
  readonly requests: number;
  readonly seed: number;
  readonly isAlive: () => boolean;
}

export interface FuzzResult {
  readonly requests: number;
  /** Answers by status; 0: closed or silent, as it may be after what is no HTTP. */
  readonly statuses: ReadonlyMap<number, number>;
  /** The failures: the first of each kind, and the number of all. */
  readonly findings: readonly string[];
  readonly failures: number;
}

const AT_ONCE = 12;
const ANSWER_MS_MAX = 30_000;
/** After bytes that are no request, a server may wait for more of them. */
const BROKEN_MS_MAX = 150;
const FINDINGS_MAX = 20;
const RUN_IDS_MAX = 50;

/** Sends malformed requests to some routes, a few at a time, and judges every answer. */
export async function fuzz(order: FuzzOrder): Promise<FuzzResult> {
  const random = new Random(order.seed);
  const runIds: string[] = [];
  const settings: CraftSettings = { keys: order.keys, random, runIds };
  const statuses = new Map<number, number>();
  const findings = new Map<string, string>();
  let failures = 0;
  let left = order.requests;
  const one = async (): Promise<void> => {
    const request = craft(random.pick(order.operations), settings);
    const sent = await send(order.port, request.bytes, request.isBroken ? BROKEN_MS_MAX : ANSWER_MS_MAX);
    const status = sent.kind === 'answer' ? sent.answer.status : 0;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const runId = sent.kind === 'answer' ? sent.answer.headers.get('x-run-id') : undefined;
    if (runId !== undefined && runIds.length < RUN_IDS_MAX) runIds.push(runId);
    const wrong = judge(request, sent);
    if (wrong === undefined) return;
    failures++;
    const kind = wrong.slice(0, 60);
    if (findings.size < FINDINGS_MAX && !findings.has(kind)) {
      findings.set(kind, `${wrong} <- ${request.what} ${preview(request.bytes)}`);
    }
  };
  const worker = async (): Promise<void> => {
    while (left-- > 0 && order.isAlive()) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { requests: order.requests - Math.max(0, left), statuses, findings: [...findings.values()], failures };
}

/** The end of what was sent, where the body is. */
function preview(bytes: Buffer): string {
  return JSON.stringify(bytes.subarray(0, 4_000).toString('latin1').slice(-300));
}

import { connect } from 'node:net';

/** The reply: none, or a status with its headers and the body up to the end of the wait. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** A stream that has begun; the rest was not waited for. */
  readonly isStream: boolean;
}

export type Sent = { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'closed' | 'silent' };

const ANSWER_BYTES_MAX = 4_000_000;

/** Sends bytes over a connection of their own and reads one answer. Leaves streams after their first frame. */
export function send(port: number, bytes: Buffer, waitMs: number): Promise<Sent> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = Buffer.alloc(0);
    let settled = false;
    const settle = (sent: Sent): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      socket.destroy();
      resolve(sent);
    };
    const look = (isOver: boolean): void => {
      const answer = parse(received, isOver);
      if (answer) settle({ kind: 'answer', answer });
      else if (isOver) settle({ kind: 'closed' });
    };
    const timer = setTimeout(() => settle({ kind: 'silent' }), waitMs);
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      look(received.length > ANSWER_BYTES_MAX);
    });
    socket.on('close', () => look(true));
    // The server may close while we still write; what it said before counts.
    socket.on('error', () => undefined);
    socket.write(bytes);
  });
}

function parse(received: Buffer, isOver: boolean): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...rows] = received.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
  if (status === 100) return parse(received.subarray(end + 4), isOver);
  const headers = new Map(
    rows.map((row) => [row.slice(0, row.indexOf(':')).toLowerCase(), row.slice(row.indexOf(':') + 1).trim()]),
  );
  const rest = received.subarray(end + 4);
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  const expected = Number(headers.get('content-length') ?? Infinity);
  if (!isOver && !(isStream && rest.length > 0) && rest.length < expected) return undefined;
  return { status, headers, body: rest.toString('utf8'), isStream };
}

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An OAuth server on loopback: refresh tokens that change with each use, and device logins. */
export interface FakeOAuth {
  readonly url: string;
  /** Forms that came to the token route. */
  readonly asked: Record<string, string>[];
  /** The refresh token that is good; none after a logout. */
  refreshToken: string | undefined;
  /** Seconds. */
  lifeSeconds: number;
  /** Milliseconds before an answer. */
  delayMs: number;
  /** Somebody has given the code. */
  isApproved: boolean;
  /** The access token that was given last. */
  readonly accessToken: string;
  stop(): Promise<void>;
}

export async function startFakeOAuth(): Promise<FakeOAuth> {
  let count = 0;
  let accessToken = '';
  const answer = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const give = (response: ServerResponse): void => {
    count++;
    accessToken = `access-${count}`;
    fake.refreshToken = `refresh-${count}`;
    const tokens = { access_token: accessToken, refresh_token: fake.refreshToken };
    answer(response, 200, { ...tokens, token_type: 'Bearer', expires_in: fake.lifeSeconds });
  };
  const take = (path: string, form: Record<string, string>, response: ServerResponse): void => {
    if (path === '/device') {
      const uris = {
        verification_uri: `${fake.url}/activate`,
        verification_uri_complete: `${fake.url}/activate?c=AB-CD`,
      };
      return answer(response, 200, {
        device_code: 'dev',
        user_code: 'AB-CD',
        ...uris,
        expires_in: 600,
        interval: 0.05,
      });
    }
    fake.asked.push(form);
    if (form['grant_type'] === 'refresh_token') {
      const isGood = fake.refreshToken !== undefined && form['refresh_token'] === fake.refreshToken;
      return isGood ? give(response) : answer(response, 400, { error: 'invalid_grant' });
    }
    return fake.isApproved ? give(response) : answer(response, 400, { error: 'authorization_pending' });
  };
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    const answerLater = (): void => take(request.url ?? '', Object.fromEntries(new URLSearchParams(text)), response);
    request.once('end', () => void setTimeout(answerLater, fake.delayMs));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [] as Record<string, string>[],
    refreshToken: 'refresh-0' as string | undefined,
    lifeSeconds: 3_600,
    delayMs: 0,
    isApproved: false,
    get accessToken() {
      return accessToken;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return fake;
}

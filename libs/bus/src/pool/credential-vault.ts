import { LIMITS, type CredentialVault, type LoginState, type StoredCredential } from '#libs/contract';
import { hash } from 'node:crypto';
import { withinDeadline, type RedisConnection } from '../redis/connect-redis.js';

/** The vault on Redis: a hash of keys, one of logins, a set of logins that were asked for, and a string per offer. */
export function redisCredentialVault({ redis, keys }: RedisConnection): CredentialVault {
  const [credentials, logins, asked] = ['credentials', 'logins', 'login-orders'].map((kind) => keys.pool(kind)) as [
    string,
    string,
    string,
  ];
  const offerOf = (upstream: string): string => keys.pool('credential-offer', hash('sha256', upstream, 'hex'));
  return {
    read: async (upstream) => parsed<StoredCredential>(await withinDeadline(redis.hget(credentials, upstream))),
    async write(upstream, credential) {
      await withinDeadline(redis.hset(credentials, upstream, JSON.stringify(credential)));
    },
    async offer(upstream, sealed) {
      await withinDeadline(redis.set(offerOf(upstream), sealed, 'EX', LIMITS.credentialOfferSecondsMax));
    },
    takeOffer: async (upstream) => (await withinDeadline(redis.getdel(offerOf(upstream)))) ?? undefined,
    login: async (upstream) => parsed<LoginState>(await withinDeadline(redis.hget(logins, upstream))),
    async tellLogin(upstream, state) {
      await withinDeadline(redis.hset(logins, upstream, JSON.stringify(state)));
    },
    async askLogin(upstream) {
      await withinDeadline(redis.sadd(asked, upstream));
    },
    async takeLogins(upstreams) {
      if (upstreams.length === 0 || (await withinDeadline(redis.scard(asked))) === 0) return [];
      // Whoever removes the name has taken the order.
      const taken = await withinDeadline(Promise.all(upstreams.map((name) => redis.srem(asked, name))));
      return upstreams.filter((_, i) => taken[i] === 1);
    },
  };
}

/** What is no JSON was written by nobody of ours: as if there were nothing. */
function parsed<T>(text: string | null): T | undefined {
  try {
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** The same in memory, for tests. */
export function memoryCredentialVault(): CredentialVault {
  const credentials = new Map<string, StoredCredential>();
  const offers = new Map<string, string>();
  const logins = new Map<string, LoginState>();
  const asked = new Set<string>();
  return {
    read: async (upstream) => credentials.get(upstream),
    write: async (upstream, credential) => void credentials.set(upstream, credential),
    offer: async (upstream, sealed) => void offers.set(upstream, sealed),
    async takeOffer(upstream) {
      const sealed = offers.get(upstream);
      offers.delete(upstream);
      return sealed;
    },
    login: async (upstream) => logins.get(upstream),
    tellLogin: async (upstream, state) => void logins.set(upstream, state),
    askLogin: async (upstream) => void asked.add(upstream),
    takeLogins: async (upstreams) => upstreams.filter((name) => asked.delete(name)),
  };
}

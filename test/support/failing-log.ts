import { GatewayError, type RunLog } from '#libs/contract';

export const redisAway = (): GatewayError => new GatewayError('queue_unavailable', 'away');

/** A log whose method fails the first times. */
export function failingLog(log: RunLog, method: 'read' | 'open' | 'head', times: number): RunLog {
  let left = times;
  return new Proxy(log, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name === method && left-- > 0) return () => Promise.reject(redisAway());
      return value.bind(target) as unknown;
    },
  });
}

import type { DeliveryTarget } from './target.js';

/** The result is kept with the run and can be read there, so nothing is sent. */
export const local: DeliveryTarget = {
  scheme: 'local',
  example: 'local',
  problemOf: (address) => (address === '' ? undefined : 'takes no address'),
  deliver: async () => ({ kind: 'delivered' }),
};

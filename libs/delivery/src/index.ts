export { assertSetUp, createTargets, parseDeliver, splitTarget } from './registry.js';
export type { DeliveryOutcome, DeliveryTarget, Parcel } from './target.js';

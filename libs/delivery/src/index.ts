export { createTargets, parseDeliver, splitTarget, type DeliverySettings } from './registry.js';
export type { DeliveryOutcome, DeliveryTarget, Parcel } from './target.js';

export { createEventPost, type EventPost } from './event-post.js';
export { assertSetUp, createTargets, parseDeliver, splitTarget } from './registry.js';
export type { DeliveryOutcome, DeliveryTarget, Parcel } from './target.js';

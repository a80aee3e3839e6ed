export { demoProvider } from './demo/demo-provider.js';
export { pooledRoute } from './pool/pooled-route.js';
export { routeChain } from './route/route-chain.js';
export { UpstreamPool, type PoolNews, type PoolParts } from './pool/upstream-pool.js';
export { createProvider } from './registry.js';
export { modelRoute } from './route/model-route.js';
export { RefusedMemory } from './route/refused-memory.js';
export { addressOf, emptyList, whyNoList } from './upstream/serving.js';

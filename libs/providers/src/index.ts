export { demoProvider } from './demo/demo-provider.js';
export { createProvider } from './registry.js';
export { modelRoute } from './route/model-route.js';
export { RefusedMemory } from './route/refused-memory.js';

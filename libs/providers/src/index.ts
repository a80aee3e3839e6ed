export { demoProvider, type DemoOptions } from './demo/demo-provider.js';
export { createProvider, PROVIDERS } from './registry.js';
export type { UpstreamSettings } from './upstream/settings.js';

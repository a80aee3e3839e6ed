export type { AgentPorts, AgentSettings } from './ports.js';
export { runAgent } from './run-agent.js';

export type { AgentPorts, AgentSettings, ApprovalAnswer, ApprovalPorts } from './ports.js';
export { runAgent } from './run-agent.js';
export { RunParked } from './run-parked.js';

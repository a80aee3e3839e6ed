export type { AgentPorts, ApprovalPorts } from './ports.js';
export { runAgent } from './run-agent.js';
export { RunLeft } from './run-left.js';
export { RunParked } from './run-parked.js';

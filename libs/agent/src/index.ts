export type { AgentPorts, ApprovalPorts, SpendPorts } from './ports.js';
export { runAgent } from './run-agent.js';
export { RunLeft } from './run-left.js';
export { RunParked } from './run-parked.js';

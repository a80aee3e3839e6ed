export type { AgentPorts, ApprovalPorts } from './ports.js';
export { runAgent } from './run-agent.js';
export { RunLeft, RunParked } from './agent-run.js';

export { advance } from './advance.js';
export { dueAt } from './due-at.js';
export { isJobId, jobIdFrom, jobRunId, newJobId } from './job-ids.js';
export { planFiring, type Firing } from './plan-firing.js';
export { settleRun, type Settled } from './settle-run.js';

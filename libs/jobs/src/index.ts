export { advance, dueAt } from './due-at.js';
export { isJobId, jobIdFrom, jobRunId, newJobId } from './job-ids.js';
export { planFiring } from './plan-firing.js';
export { settleRun } from './settle-run.js';

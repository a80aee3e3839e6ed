import type { ApprovalsConfig } from '../config.js';
import type { FileSettings } from './read-file.js';
import type { Values } from '../settings/variables.js';

/** The rules of the file, in order. An unreadable rule was already reported, so no service will start. */
export function readApprovals(file: FileSettings, values: Values): ApprovalsConfig {
  const rules = file.approvals.map(({ tool = '', match, policy = 'always' }) => ({
    tool,
    policy,
    ...(match && { match }),
  }));
  return { timeoutSeconds: values.APPROVAL_TIMEOUT_SECONDS, inChat: values.APPROVALS_IN_CHAT, rules };
}

/** `msg_<32 hex>` for `run_<the same 32 hex>`: what a run says is one message of the assistant. */
export function messageIdOf(runId: string): string {
  return `msg_${runId.replace(/^run_/, '')}`;
}

/** An approval as clients name it: whoever answers it has to say which run waits for it, and they know no runs. */
export function wireApprovalId(runId: string, approvalId: string): string {
  return `${runId}:${approvalId}`;
}

/** Undefined for a text that `wireApprovalId` did not make. */
export function readApprovalId(id: string): { readonly runId: string; readonly approvalId: string } | undefined {
  const [, runId, approvalId] = /^(run_[0-9a-f]{32}):(.+)$/.exec(id) ?? [];
  return runId === undefined || approvalId === undefined ? undefined : { runId, approvalId };
}

import { isJsonObject, LIMITS, type JsonObject, type JsonValue } from '#libs/contract';
import type { ReplyAnswer, RunReply } from '../../protocol/continuation.js';
import { readApprovalId } from '../ids.js';
import { REASONS } from '../answer/tool-values.js';
import { readUiMessage, toolNameOf } from './ui-message.js';

/**
 * What the last message says to a run that waits: useChat sends it again when its user has answered all requests in it.
 * Undefined: the request is for a new run. Throws GatewayError of status 400.
 */
export function replyOf(messages: readonly unknown[]): RunReply | undefined {
  const at = messages.length - 1;
  const last = messages[at];
  if (!isJsonObject(last) || last['role'] !== 'assistant') return undefined;
  const requests = readUiMessage(last, `messages[${at}]`).parts.flatMap((part) => {
    const { state, approval } = part.object;
    if (toolNameOf(part) === undefined || !isJsonObject(approval)) return [];
    const known = typeof approval['id'] === 'string' ? readApprovalId(approval['id']) : undefined;
    return known ? [{ ...known, approval, isAnswer: state === 'approval-responded' }] : [];
  });
  const runId = requests.findLast(({ isAnswer }) => isAnswer)?.runId;
  if (runId === undefined) return undefined;
  const ofRun = requests.filter((request) => request.runId === runId);
  const heard = ofRun.filter(({ approval }) => approval['isAutomatic'] !== true).map(({ approvalId }) => approvalId);
  const answers = ofRun.filter(({ isAnswer }) => isAnswer);
  return { runId, heard, answers: answers.map(({ approvalId, approval }) => answerOf(approvalId, approval)) };
}

function answerOf(approvalId: string, { approved, reason }: JsonObject): ReplyAnswer {
  return {
    approvalId,
    decide(isQuestion) {
      if (approved !== true) return { decision: 'deny' };
      if (!isQuestion) return { decision: reason === 'session' || reason === 'always' ? reason : 'once' };
      // A page that knows no questions says yes to them without a word, which answers none.
      if (typeof reason !== 'string' || reason === '' || REASONS.includes(reason)) return { decision: 'deny' };
      return { decision: 'once', answers: readAnswers(reason.slice(0, LIMITS.answersCharsMax)) };
    },
  };
}

/** The answers by the questions' ids as JSON, or the answer to the only question. */
function readAnswers(reason: string): JsonValue {
  try {
    const value = JSON.parse(reason) as JsonValue;
    return isJsonObject(value) ? value : reason;
  } catch {
    return reason;
  }
}

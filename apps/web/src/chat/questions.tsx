import type { ApprovalRequest } from '#libs/wire';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/calls.js';
import { prettyJson } from '../ui/pretty-json.js';

type Question = NonNullable<ApprovalRequest['questions']>[number];

interface QuestionsProps {
  readonly runId: string;
  readonly request: ApprovalRequest;
  readonly questions: readonly Question[];
}

/** A call that wants to know something. One question takes a text; several take JSON with the answers by their ids. */
export function Questions({ runId, request, questions }: QuestionsProps) {
  const [text, setText] = useState('');
  const isOne = questions.length === 1;
  const answer = useMutation({
    mutationFn: () => api.answer(runId, request.request_id, isOne ? text : (JSON.parse(text) as unknown)),
  });
  const decline = useMutation({ mutationFn: () => api.approve(runId, request.request_id, 'deny') });
  const problem = answer.error ?? decline.error;
  const isDone = answer.isPending || answer.isSuccess || decline.isPending || decline.isSuccess;
  return (
    <form
      className="approval card form"
      aria-label={`Question of ${request.tool}`}
      onSubmit={(event) => {
        event.preventDefault();
        answer.mutate();
      }}
    >
      {questions.map((question, i) => (
        <p key={i}>{textOf(question)}</p>
      ))}
      <label htmlFor={request.request_id}>{isOne ? 'Answer' : 'Answers, as JSON by the ids of the questions'}</label>
      <textarea id={request.request_id} required value={text} onChange={(event) => setText(event.target.value)} />
      <div className="row">
        <button type="submit" className="primary" disabled={isDone}>
          Answer
        </button>
        <button type="button" disabled={isDone} onClick={() => decline.mutate()}>
          Decline
        </button>
      </div>
      {problem && <p role="alert">{problem.message}</p>}
    </form>
  );
}

/** Its words; a question without any is shown as it is. */
function textOf(question: Question): string {
  const words = question['message'] ?? question['question'] ?? question['text'];
  return typeof words === 'string' ? words : prettyJson(JSON.stringify(question));
}

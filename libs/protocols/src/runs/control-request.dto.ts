import { LIMITS, type ApprovalDecision } from '#libs/contract';
import { IsIntegerBetween, IsText, Required, Rule } from '../dto/dto-rules.js';
import { Described, Example, Listed, NothingElse } from '../dto/dto-schema.js';
import { text } from '../dto/fragments.js';
import { APPROVAL_CHOICES } from './approval-object.js';

/** Other clients' words for the same decisions (Hermes' among them). */
const ALIASES: ReadonlyMap<unknown, ApprovalDecision> = new Map([
  ['approve', 'once'],
  ['approved', 'once'],
  ['allow', 'once'],
  ['denied', 'deny'],
  ['reject', 'deny'],
]);

/** The decision that a word stands for. */
export const decisionOf = (word: unknown): ApprovalDecision | undefined =>
  APPROVAL_CHOICES.find((choice) => choice === word) ?? ALIASES.get(word);

const CHOICE_PROBLEM = `must be one of ${APPROVAL_CHOICES.join(', ')}.`;
const isChoice = (word: unknown): boolean => decisionOf(word) !== undefined;
/** A field that other clients send under another name. `readApproval` and `readSteer` check it. */
const OtherName = (): PropertyDecorator => Rule(() => true, 'is always fine.');

const STEPS_MAX = 100_000;

/** The body of POST /v1/runs/{id}/approval. */
@Example({ choice: 'once', request_id: 'apr_0123456789abcdef01234567' })
export class ApprovalDto {
  @Required('invalid_approval_choice', CHOICE_PROBLEM)
  @Rule(isChoice, CHOICE_PROBLEM, 'invalid_approval_choice', { enum: [...APPROVAL_CHOICES] })
  choice: string;

  @Described(text('As the request named itself; without it and all, the only open request is meant.'))
  request_id?: unknown;

  @OtherName()
  approval_id?: unknown;

  @Described({ type: 'boolean', description: 'Answers every open request of this run.' })
  all?: unknown;

  @OtherName()
  resolve_all?: unknown;

  @Described({ description: 'To the questions of the request, by their ids; to an only question its answer.' })
  answers?: unknown;

  @OtherName()
  answer?: unknown;
}

/** The body of POST /v1/runs/{id}/steer. */
@Example({ text: 'Use the second source instead.' })
export class SteerDto {
  @Listed()
  @Described({ type: 'string', maxLength: LIMITS.steerCharsMax })
  text?: unknown;

  @OtherName()
  input?: unknown;

  @OtherName()
  message?: unknown;
}

/** The body of POST /v1/runs/{id}/rerun; it may be empty. */
@NothingElse('is not a field here; only steps and model are.')
@Example({ steps: 1 })
export class RerunDto {
  @IsIntegerBetween(0, STEPS_MAX)
  @Described('How many of the completed steps the new run continues; 0: it begins where the run began.')
  steps: number = 0;

  @IsText(LIMITS.modelNameCharsMax)
  @Described('Absent: the model of the run.')
  model?: string;
}

import type { JsonObject, JsonValue, Tool, ToolResult, ToolResume } from '#libs/contract';

const QUESTION_CHARS_MAX = 4_000;
const CHOICES_MAX = 20;
const CHOICE_CHARS_MAX = 200;
const SECONDS_MAX = 86_400;

/** `clarify`: the model asks the user, and the run waits without a worker until there is an answer. */
export function clarify(): Tool {
  return {
    name: 'clarify',
    description:
      'Asks the user one question and gives their answer. Use it only when you cannot go on without knowing; offer ' +
      'choices where there are some.',
    parameters: {
      type: 'object',
      properties: {
        question: { type: 'string', description: 'The question, complete in itself.' },
        choices: {
          type: 'array',
          items: { type: 'string' },
          maxItems: CHOICES_MAX,
          description: 'Answers to choose from.',
        },
        free_text: { type: 'boolean', description: 'Whether an answer may be none of the choices. Default: true.' },
        timeout_seconds: {
          type: 'integer',
          minimum: 1,
          maximum: SECONDS_MAX,
          description: 'How long to wait. Default and limit: as the operator says.',
        },
      },
      required: ['question'],
      additionalProperties: false,
    },
    // The question is its only effect, and it is asked again only when it was not recorded.
    idempotent: true,
    approval: 'never',
    asksUser: true,
    async execute(args, { resume }) {
      return resume ? answerOf(resume) : ask(args);
    },
  };
}

function ask(args: JsonObject): ToolResult {
  const { question, choices = [], free_text: isFree = true, timeout_seconds: secondsMax } = args;
  if (typeof question !== 'string' || question.trim() === '' || question.length > QUESTION_CHARS_MAX) {
    return wrong(`The question must be a text of 1 to ${QUESTION_CHARS_MAX} characters.`);
  }
  if (!areChoices(choices)) {
    return wrong(`The choices must be at most ${CHOICES_MAX} texts of 1 to ${CHOICE_CHARS_MAX} characters.`);
  }
  if (typeof isFree !== 'boolean') return wrong('The free_text must be true or false.');
  if (secondsMax !== undefined && !isSeconds(secondsMax)) {
    return wrong(`The timeout_seconds must be an integer from 1 to ${SECONDS_MAX}.`);
  }
  const isChosen = choices.length > 0 && !isFree;
  const answer = {
    type: 'string',
    minLength: 1,
    ...(isChosen && { enum: choices }),
    ...(choices.length > 0 && !isChosen && { examples: choices }),
  };
  const schema = { type: 'object', properties: { answer }, required: ['answer'] };
  const asks = { questions: [{ id: 'answer', message: question, schema }], state: {} };
  return { output: '', asks: { ...asks, ...(secondsMax !== undefined && { secondsMax }) } };
}

function answerOf({ answers, by }: ToolResume): ToolResult {
  if (!answers) {
    const why = by === 'timeout' ? 'The user did not answer in time.' : 'The user did not want to answer.';
    return { output: `${why} Go on without the answer, or say what you need it for.` };
  }
  const told = (answers['answer'] as JsonObject | undefined)?.['answer'];
  return { output: typeof told === 'string' ? told : JSON.stringify(told ?? null) };
}

const wrong = (output: string): ToolResult => ({ output, isError: true });

function areChoices(value: JsonValue): value is readonly string[] {
  const isChoice = (entry: unknown): boolean =>
    typeof entry === 'string' && entry.trim() !== '' && entry.length <= CHOICE_CHARS_MAX;
  return Array.isArray(value) && value.length <= CHOICES_MAX && value.every(isChoice);
}

function isSeconds(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= SECONDS_MAX;
}

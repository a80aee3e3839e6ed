import { instructionsAfter, systemTextIn, withSystemText } from '../../../../apps/api/src/responses/system-text.js';
import { inputItemsOf, systemTextOf } from '#libs/protocols';
import { decodeResponses } from '../../../support/responses-request.js';

const system = (content: string) => ({ role: 'system', content });
const asks = (instructions: string | undefined, ...texts: string[]) =>
  decodeResponses({ instructions, input: [...texts.map(system), { role: 'user', content: 'Hi' }] });

describe('the system text of a turn', () => {
  test('that is sent again with every turn counts once, however often', () => {
    const one = withSystemText(asks(undefined, 'SYS'), undefined);
    expect(one.instructions).toBe('SYS');
    const two = withSystemText(asks('Briefly.', 'SYS'), systemTextIn(one.echo));
    expect(two.instructions).toBe('SYS\nBriefly.');
    const three = withSystemText(asks(undefined, 'SYS'), systemTextIn(two.echo));
    expect(three.instructions).toBe('SYS');
    expect(systemTextIn(three.echo)).toBe('SYS');
  });

  test('the same for the items of a conversation', () => {
    const { input = [] } = asks(undefined, 'SYS');
    const items = [1, 2, 3].flatMap((n) => inputItemsOf(input, `run_${n}`));
    expect(instructionsAfter(asks(undefined, 'SYS'), systemTextOf(items))).toBe('SYS');
  });

  test('that is new stands behind the ones before, also when it is a piece of them', () => {
    const { echo } = withSystemText(asks('Once.', 'Never lie.'), undefined);
    const next = withSystemText(asks('Now.', 'lie'), systemTextIn(echo));
    expect(next.instructions).toBe('Never lie.\nNow.\nlie');
    expect(systemTextIn(next.echo)).toBe('Never lie.\nlie');
  });
});

import { parseDto } from '#libs/protocols';
import { chatMessageObject } from '../../../../apps/api/src/runs/turn-object.js';
import { protocolNamed } from '../../../support/chat-request.js';
import { dataUrl, pdfOf } from '../../../support/pdf.js';

test('what a user said comes back in the form in which it can be sent again, files too', () => {
  const url = dataUrl(pdfOf(['Hello']));
  const content = [
    { type: 'text', text: 'Read this.' },
    { type: 'image', url: 'data:image/png;base64,iVBORw0KGgo=' },
    { type: 'file', url, name: 'a.pdf' },
    { type: 'file', url },
  ] as const;
  const said = chatMessageObject({ role: 'user', content });
  expect(said.content).toEqual([
    { type: 'text', text: 'Read this.' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
    { type: 'file', file: { filename: 'a.pdf', file_data: url } },
    { type: 'file', file: { file_data: url } },
  ]);
  const protocol = protocolNamed('openai-chat');
  const dto = parseDto(protocol.dto, { model: 'm', messages: [said] });
  const draft = protocol.decode(dto, { hermesClient: false, messageTextCharsMax: 1_000 });
  expect(JSON.stringify(draft)).toContain('a.pdf');
});

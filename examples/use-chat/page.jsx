// A chat page on useChat of AI SDK 7, against Talaria as it is: answers, tools, approvals, and a reload in their middle.
import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai';
import { createRoot } from 'react-dom/client';

const id = (location.hash ||= `#chat-${crypto.randomUUID()}`).slice(1);
const saved = JSON.parse(localStorage.getItem(id) ?? '[]');
const transport = new DefaultChatTransport({ api: '/v1/ui/chat' });

function Page() {
  const { messages, sendMessage, regenerate, addToolApprovalResponse, status, error } = useChat({
    id,
    transport,
    messages: saved,
    resume: true,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  });
  // The conversation is the page's own; an answer that was cut off by a reload comes again from the server.
  localStorage.setItem(id, JSON.stringify(messages));
  const send = (event) => {
    event.preventDefault();
    const [box] = event.target.elements;
    void sendMessage({ text: box.value });
    box.value = '';
  };
  return (
    <main data-status={status}>
      {messages.map(({ id: key, role, parts }) => (
        <article key={key} className={role}>
          {parts.map((part, i) => (
            <Part key={i} part={part} onAnswer={addToolApprovalResponse} />
          ))}
        </article>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form onSubmit={send}>
        <input aria-label="Message" autoFocus />
        <button>Send</button>
        <button type="button" onClick={() => regenerate()}>
          Again
        </button>
      </form>
    </main>
  );
}

function Part({ part, onAnswer }) {
  if (part.type === 'text') return <p>{part.text}</p>;
  if (part.type !== 'dynamic-tool') return null;
  const answer = (approved) => onAnswer({ id: part.approval.id, approved });
  return (
    <section data-tool={part.state}>
      {part.toolName}: {part.output ?? part.state}
      {part.state === 'approval-requested' && <button onClick={() => answer(true)}>Allow</button>}
      {part.state === 'approval-requested' && <button onClick={() => answer(false)}>Deny</button>}
    </section>
  );
}

createRoot(document.getElementById('root')).render(<Page />);

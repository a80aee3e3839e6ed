import { ManyStream } from './many-stream.js';
import type { FromStream, ToStream } from './messages.js';

/** Pages say every ten seconds that they live, hidden ones once a minute: who is silent for longer is gone. */
const SILENT_MS_MAX = 150_000;

/** One page, as the hub sees it. */
export interface Port {
  post(message: FromStream): void;
}

interface Client {
  readonly wishes: Map<string, ManyStream>;
  seenAt: number;
}

/** Brings the wishes of all pages of a browser to one connection for each key. */
export class Hub {
  private readonly streams = new Map<string, ManyStream>();
  private readonly clients = new Map<Port, Client>();

  take(port: Port, message: ToStream): void {
    const client = this.clients.get(port) ?? { wishes: new Map<string, ManyStream>(), seenAt: 0 };
    client.seenAt = Date.now();
    this.clients.set(port, client);
    switch (message.type) {
      case 'follow':
        this.follow(port, client, message);
        return;
      case 'leave':
        client.wishes.get(message.id)?.remove(message.id);
        client.wishes.delete(message.id);
        return;
      case 'check':
        for (const stream of this.streams.values()) stream.check();
        return;
      case 'here':
        port.post({ type: 'here' });
        this.forgetSilent();
        return;
    }
  }

  private follow(port: Port, client: Client, { key, wish }: Extract<ToStream, { type: 'follow' }>): void {
    const { id } = wish;
    const stream = this.streams.get(key ?? '') ?? new ManyStream(key);
    this.streams.set(key ?? '', stream);
    client.wishes.set(id, stream);
    stream.add(wish, {
      give: (frames) => port.post({ type: 'frames', id, frames }),
      gone: () => port.post({ type: 'gone', id }),
    });
  }

  private forgetSilent(): void {
    for (const [port, { wishes, seenAt }] of this.clients) {
      if (Date.now() - seenAt < SILENT_MS_MAX) continue;
      for (const [id, stream] of wishes) stream.remove(id);
      this.clients.delete(port);
    }
  }
}

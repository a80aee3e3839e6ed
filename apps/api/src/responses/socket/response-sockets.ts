import { GatewayError } from '#libs/contract';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { API_LIMITS } from '../../words/api-limits.js';
import { draining, ResponseSocket, type ResponseSocketParts } from './response-socket.js';
import { takeUpgrades, type ConnectedSocket, type UpgradeParts } from '../../edge/upgrade.js';

interface Watched {
  readonly session: ResponseSocket;
  readonly since: number;
  isAlive: boolean;
}

/** All WebSockets of this process: pings each one regularly, and ends those that are too old. */
export class ResponseSockets {
  private readonly open = new Map<WebSocket, Watched>();

  constructor(private readonly parts: ResponseSocketParts) {}

  attach(instance: FastifyInstance, upgrade: UpgradeParts): void {
    takeUpgrades(instance, upgrade, (connection) => this.add(connection));
    const sweep = setInterval(() => this.look(Date.now()), API_LIMITS.webSocketPingMs);
    sweep.unref();
    instance.addHook('onClose', async () => clearInterval(sweep));
    upgrade.drain.onDrain(async () => {
      for (const { session } of this.open.values()) session.leave(draining());
    });
  }

  private add(connection: ConnectedSocket): void {
    const { webSocket } = connection;
    const watched = { session: new ResponseSocket(this.parts, connection), since: Date.now(), isAlive: true };
    this.open.set(webSocket, watched);
    webSocket.on('pong', () => (watched.isAlive = true));
    webSocket.on('close', () => this.open.delete(webSocket));
  }

  private look(now: number): void {
    for (const [webSocket, watched] of this.open) {
      // Nothing is read from a slow client, no pong either. Whether it takes our data shows whether it is there.
      const isSlow = watched.session.wasBehind();
      if (!watched.isAlive && !isSlow) {
        webSocket.terminate();
        continue;
      }
      watched.isAlive = false;
      webSocket.ping();
      watched.session.breakSilence();
      if (now - watched.since > API_LIMITS.webSocketMsMax) watched.session.leave(tooOld());
    }
  }
}

const tooOld = (): GatewayError =>
  new GatewayError('websocket_connection_limit_reached', 'This connection has reached its longest time. Open another.');

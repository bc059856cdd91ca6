import { connect, type Socket } from 'node:net';

/** What was answered; `body` is read only if somebody asks, because most answers are only counted. */
export type Answer = { status: number; length: number; text: string; bodyAt: number };

const headEnd = '\r\n\r\n';

/**
 * One kept-alive connection with at most one request on its way. It knows just enough HTTP/1.1 to find the end of an
 * answer, so that the generator costs much less than any server it measures.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #answered: (connection: Connection, answer: Answer) => void;
  #unfinished = '';
  /** When the request on its way was due. */
  due = 0;
  /** Which value it carried. */
  value = -1;
  /** A copy of the request of its own, in which values are written over each other. */
  readonly request: Buffer;

  constructor(
    port: number,
    request: Buffer,
    answered: (connection: Connection, answer: Answer) => void,
    failed: (error: Error) => void,
  ) {
    this.request = Buffer.from(request);
    this.#answered = answered;
    const buffer = Buffer.allocUnsafeSlow(16 * 1024);
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback: (size) => {
          this.#read(buffer.toString('latin1', 0, size));
          return true;
        },
      },
    });
    this.#socket.on('error', failed);
    this.#socket.on('close', () => failed(new Error('The server closed a connection in use.')));
  }

  opened(): Promise<void> {
    return new Promise((resolve) => this.#socket.once('connect', resolve));
  }

  send(): void {
    this.#socket.write(this.request);
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    const text = this.#unfinished === '' ? chunk : this.#unfinished + chunk;
    const end = text.indexOf(headEnd);
    const answer = end < 0 ? undefined : readAnswer(text, end);
    if (!answer) {
      this.#unfinished = text;
      return;
    }
    this.#unfinished = '';
    this.#answered(this, answer);
  }
}

/** Undefined while the body is not all there. */
function readAnswer(text: string, end: number): Answer | undefined {
  const status = Number(text.slice(9, 12));
  const bodyAt = end + headEnd.length;
  const length = contentLength(text, end);
  if (length === undefined) {
    // Chunked, or an answer that has no body at all.
    if (!/\r\ntransfer-encoding: *chunked/i.test(text.slice(0, end))) return { status, length: 0, text, bodyAt };
    return text.endsWith(`0${headEnd}`) ? { status, length: text.length - bodyAt, text, bodyAt } : undefined;
  }
  return text.length - bodyAt >= length ? { status, length, text, bodyAt } : undefined;
}

function contentLength(text: string, end: number): number | undefined {
  let at = text.indexOf('\r\ncontent-length: ');
  if (at < 0) at = text.indexOf('\r\nContent-Length: ');
  if (at < 0 || at > end) return undefined;
  let length = 0;
  for (let i = at + 18; ; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return length;
    length = length * 10 + digit;
  }
}

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** As long as the longest parameter of ours could be, such as the token of a link in a mail. */
const longestPart = 500;

/**
 * The address of a request, or one that leads nowhere if it cannot be read: it then gets the same page as any other
 * that does not exist, headers and all, and not a bare error of the router.
 */
export function readableUrl({ url: target = '/' }: IncomingMessage): string {
  const url = pathOf(target);
  if (url.length <= longestPart && !url.includes('%')) return url;
  const [path = ''] = url.split('?', 1);
  const isReadable = path.split('/').every((part) => part.length <= longestPart) && isDecodable(path);
  return isReadable ? url : '/-';
}

/**
 * RFC 9112 §3.2.2: a request may name the whole address. The router looks at its path alone, so nothing else is kept: our
 * answers lead back to the address of the request, which must not be a stranger's.
 */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target;
  const [whole = ''] = /^https?:\/\/[^/?#]*(?=\/)/i.exec(target) ?? [];
  return whole === '' ? '/-' : target.slice(whole.length);
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

const problems: Record<string, [status: string, message: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'This request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of this request are too large.'],
};

/** What is sent to whoever does not speak HTTP, or speaks it too slowly; there is no request yet, and no reply. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = problems[error.code ?? ''] ?? ['400 Bad Request', 'This request cannot be read.'];
  const body = JSON.stringify({ error: 'bad_request', message });
  const headers = [
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    "content-security-policy: default-src 'none'",
    'connection: close',
  ];
  socket.write(`HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
  socket.destroy(error);
}

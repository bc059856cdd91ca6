import type { RequestShape } from './load.ts';

const placeholder = '{value}';

/** The bytes of a request, with room for a value of the given length at `valueAt`. */
export function buildRequest(port: number, shape: RequestShape, width: number): { bytes: Buffer; valueAt: number } {
  const [before = '', after = ''] = shape.body.split(placeholder);
  const body = shape.body.includes(placeholder) ? before + ' '.repeat(width) + after : shape.body;
  const method = shape.method ?? 'POST';
  const headers = {
    host: `127.0.0.1:${port}`,
    ...(method === 'POST' ? { 'content-type': shape.type, 'content-length': `${body.length}` } : {}),
    ...shape.headers,
  };
  const lines = [`${method} ${shape.path} HTTP/1.1`, ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`)];
  const head = `${lines.join('\r\n')}\r\n\r\n`;
  return { bytes: Buffer.from(head + body, 'latin1'), valueAt: head.length + before.length };
}

/** One text field of a JSON answer, without reading all of it. */
export function fieldOf(text: string, field: string): string | undefined {
  return new RegExp(`"${field}":"([^"]+)"`).exec(text)?.[1];
}

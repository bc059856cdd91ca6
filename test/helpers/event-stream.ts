import { get, type IncomingMessage } from 'node:http';

export type EventStream = {
  status: number;
  headers: IncomingMessage['headers'];
  /** Resolves with the states said so far, once the last of them is this one. */
  until(state: string): Promise<string[]>;
  /** Resolves once there are so many. */
  count(states: number): Promise<string[]>;
  /** Everything that arrived, once the server has ended it. */
  ended: Promise<string>;
  close(): void;
};

/** Asks as a browser's EventSource does, and reads what comes. */
export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
  const request = get(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false });
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    request.once('response', resolve).once('error', reject),
  );
  let text = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  // The client may hang up.
  for (const emitter of [request, answer]) emitter.on('error', () => {});
  const states = () => [...text.matchAll(/^data: \{"state":"(\w+)"\}$/gm)].map((match) => match[1] ?? '');
  const reached = (enough: (states: string[]) => boolean): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (enough(states())) resolve(states());
      };
      answer.on('data', look);
      answer.once('close', () => reject(new Error(`the stream ended after ${JSON.stringify(text)}`)));
      look();
    });
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    until: (state) => reached((said) => said.at(-1) === state),
    count: (number) => reached((said) => said.length >= number),
    ended: new Promise((resolve) => answer.once('close', () => resolve(text))),
    close: () => request.destroy(),
  };
}

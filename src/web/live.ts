import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { seconds } from '../clock.ts';
import type { Ephemeral } from '../drivers/ephemeral/ephemeral.ts';
import { AppError } from '../errors.ts';
import { isUncounted, networkOf } from '../limits/address.ts';

/** Streams at most: in one process (each costs a socket and some 20 KiB), of one network, and of one browser. */
const most = { all: 20_000, network: 1000, browser: 8 };

/**
 * How often every stream says its state again. It keeps proxies from closing what looks idle, shows the page that the
 * line is alive, and finds out what a lost message did not tell.
 */
const beat = seconds(20);

/** One word that differs once the page is out of date, such as `waiting`; `topic` is told when that may be. */
export type Watched = {
  topic: string;
  /** Read anew each time, with all that entitles to it; undefined when nothing does any more. */
  state(): Promise<string | undefined>;
};

export type Live = {
  /** Answers a page that waits: an event stream where the browser asked for one, else its state as JSON, once. */
  answer(request: FastifyRequest, reply: FastifyReply, watched: Watched | undefined): Promise<FastifyReply>;
  /** The state of the topic may have changed: tells the pages in this process. */
  wake(topic: string): void;
  /** The same in all processes. Never rejects: who is not told finds out at the next beat. */
  tell(topic: string): Promise<void>;
  /** Streams that are open. */
  readonly open: number;
  /** Ends all streams and holds none from now on; their browsers come back, to another process. */
  release(): void;
  /** Listens to the other processes; resolves with a function that stops. */
  start(): Promise<() => Promise<void>>;
};

type Stream = Watched & { raw: ServerResponse; keys: string[]; bornAt: number; looking: boolean; again: boolean };

/** Server-sent events for pages that wait. A stream begins with the state: whoever comes back has missed nothing. */
export function createLive({ ephemeral }: { ephemeral: Ephemeral }): Live {
  const topics = new Map<string, Set<Stream>>();
  const counts = new Map<string, number>();
  let open = 0;
  let turn = 0;
  let opened = 0;
  let draining = false;

  const add = (stream: Stream): void => {
    open += 1;
    for (const key of stream.keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    const others = topics.get(stream.topic) ?? new Set();
    topics.set(stream.topic, others.add(stream));
  };

  const remove = (stream: Stream): void => {
    const others = topics.get(stream.topic);
    if (!others?.delete(stream)) return;
    open -= 1;
    if (others.size === 0) topics.delete(stream.topic);
    for (const key of stream.keys) {
      const left = (counts.get(key) ?? 1) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    }
  };

  const full = (keys: readonly string[]): boolean =>
    open >= most.all || keys.some((key) => (counts.get(key) ?? 0) >= most[key.startsWith('b') ? 'browser' : 'network']);

  /** One look at a time for each stream; news that comes during one is looked at after it. */
  async function look(stream: Stream): Promise<void> {
    if (stream.looking) {
      stream.again = true;
      return;
    }
    stream.looking = true;
    do {
      stream.again = false;
      try {
        say(stream, await stream.state());
      } catch {
        // While the database is away nothing is known; the next beat asks again.
      }
    } while (stream.again);
    stream.looking = false;
  }

  const wake = (topic: string): void => {
    for (const stream of topics.get(topic) ?? []) void look(stream);
  };

  /** Every second one part of the streams, so that they do not all ask the database at once. */
  const beatSome = (): void => {
    turn = (turn + 1) % (beat / 1000);
    for (const streams of topics.values()) for (const stream of streams) if (stream.bornAt === turn) void look(stream);
  };

  /** Nobody knows what was not heard, so each looks. */
  const wakeAll = (): void => {
    for (const topic of topics.keys()) wake(topic);
  };

  return {
    wake,
    get open() {
      return open;
    },

    async answer(request, reply, watched) {
      const { raw } = reply;
      const wanted = request.method === 'GET' && request.headers.accept?.includes('text/event-stream') === true;
      if (wanted) refuseForeign(request);
      const keys = keysOf(request);
      reply.header('cache-control', 'no-store').header('vary', 'accept');
      // A browser that gets no stream asks for the state now and then instead.
      if (!wanted || !watched || full(keys)) return reply.send({ state: (await watched?.state()) ?? 'unknown' });
      if (raw.destroyed) return reply.hijack();

      const stream = { ...watched, raw, keys, bornAt: turn, looking: true, again: false };
      // Listens first and looks second, so that no change falls in between.
      add(stream);
      raw.once('close', () => remove(stream));
      try {
        const state = await watched.state();
        reply.hijack();
        if (raw.destroyed) return reply;
        begin(raw, opened++);
        say(stream, state);
      } catch (error) {
        remove(stream);
        throw error;
      }
      stream.looking = false;
      if (draining) raw.end();
      else if (stream.again) void look(stream);
      return reply;
    },

    async tell(topic) {
      wake(topic);
      await ephemeral.publish(channel, topic).catch(() => {});
    },

    release() {
      draining = true;
      const begun = [...topics.values()].flatMap((streams) => [...streams]).filter(({ raw }) => raw.headersSent);
      for (const stream of begun) stream.raw.end();
    },

    async start() {
      const stop = await ephemeral.subscribe(channel, wake, wakeAll);
      const timer = setInterval(beatSome, 1000).unref();
      return async () => {
        clearInterval(timer);
        await stop();
      };
    },
  };
}

const channel = 'live';

/** F19: a page of ours, or an old browser that says nothing of where the request came from. */
function refuseForeign(request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = request.headers;
  const foreign = (site !== undefined && site !== 'same-origin') || (origin !== undefined && origin !== own(request));
  if (foreign) throw new AppError('not_allowed', 'The stream was asked for by another origin.');
}

const own = (request: FastifyRequest): string => request.server.web.issuer;

function keysOf(request: FastifyRequest): string[] {
  const network = networkOf(request.ip);
  return [`b ${request.browserId}`, ...(isUncounted(network, request.server.web) ? [] : [`n ${network}`])];
}

function begin(raw: ServerResponse, number: number): void {
  raw.setHeader('content-type', 'text/event-stream; charset=utf-8');
  raw.setHeader('cache-control', 'no-store, no-transform');
  // For nginx, which would keep what comes until there is a lot of it.
  raw.setHeader('x-accel-buffering', 'no');
  // A stream ends when its process stops: the browser must come back by a new connection.
  raw.setHeader('connection', 'close');
  // Between one and four seconds: all streams of a process that stops must not come back at once.
  raw.write(`retry: ${1000 + (number % 31) * 100}\n\n`);
}

function say({ raw }: Stream, state: string | undefined): void {
  if (raw.writableEnded || raw.destroyed) return;
  const taken = raw.write(`data: ${JSON.stringify({ state: state ?? 'unknown' })}\n\n`);
  if (state === undefined) raw.end();
  // Some 16 KiB lie unread, which is hours of it.
  else if (!taken) raw.destroy();
}

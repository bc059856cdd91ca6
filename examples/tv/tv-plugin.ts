import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LinkError, type LinkOptions } from '@latchkey/device';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import QRCode from 'qrcode';
import { renderTvPage, type TvView } from './tv-page.ts';
import { createTvScreens } from './tv-screens.ts';

export type TvExample = Pick<LinkOptions, 'issuer' | 'clientId' | 'fetch' | 'time' | 'random'> & { scope?: string };

/**
 * A television's app as a web page, to be mounted on the issuer's own origin: `app.register(tvExample({ … }), { prefix })`.
 * It is a client like any other and speaks to the issuer over HTTP alone.
 */
export function tvExample(options: TvExample): FastifyPluginAsync {
  const scope = options.scope ?? 'openid profile email offline_access';
  const issuer = options.issuer.replace(/\/+$/, '');
  const screens = createTvScreens({
    ...options,
    scope,
    deviceName: 'TV example',
    deviceModel: 'Web page',
    deviceType: 'tv',
  });

  return async (app) => {
    const base = app.prefix;
    const page = (reply: FastifyReply, now: TvView, held: boolean) =>
      reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-store')
        .send(renderTvPage({ base, issuer, clientId: options.clientId, scope, held, now }));
    const back = (reply: FastifyReply) => reply.redirect(base || '/', 303);
    const cookie = (reply: FastifyReply, id: string) =>
      reply.header(
        'set-cookie',
        `${cookieName}=${id}; Path=${base || '/'}; HttpOnly; SameSite=Strict${issuer.startsWith('https:') ? '; Secure' : ''}`,
      );

    if (!app.hasContentTypeParser('application/x-www-form-urlencoded')) {
      // The buttons carry no fields.
      app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, _body, done) =>
        done(null, {}),
      );
    }
    app.addHook('onClose', async () => screens.stop());
    app.addHook('preHandler', async (request, reply) => {
      if (request.method === 'POST' && isForeign(request, issuer))
        return reply.code(403).send({ error: 'forged_form' });
    });

    app.get('/', async (request, reply) => {
      const now = await screens.look(screenOf(request));
      return page(reply, now, now.view !== 'idle');
    });
    app.post('/start', async (request, reply) => {
      try {
        cookie(reply, await screens.start(screenOf(request)));
        return back(reply);
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        return page(
          reply.code(503),
          { view: 'over', title: 'This TV could not get a code', text: error.message },
          true,
        );
      }
    });
    // The page answers with what is true now; the code was polled for all the while, at its own pace.
    app.post('/look', async (_request, reply) => back(reply));
    app.post('/yes', async (request, reply) => {
      screens.confirm(screenOf(request));
      return back(reply);
    });
    app.post('/out', async (request, reply) => {
      await screens.signOut(screenOf(request));
      return back(reply);
    });

    app.get<{ Querystring: { text?: unknown } }>('/qr', async (request, reply) => {
      const text = qrText(request.query.text, issuer);
      if (text === undefined) return reply.code(400).send({ error: 'bad_request' });
      const svg = await QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 });
      return reply.type('image/svg+xml').header('cache-control', 'no-store').send(svg);
    });
    for (const [name, file] of Object.entries(files)) {
      const content = readFileSync(file.path);
      app.get(`/${name}`, async (_request, reply) =>
        reply.type(file.type).header('cache-control', 'max-age=3600').send(content),
      );
    }
    app.get('/blank.svg', async (_request, reply) =>
      reply
        .type('image/svg+xml')
        .header('cache-control', 'max-age=3600')
        .send('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    );
  };
}

const cookieName = 'latchkey-tv';

function screenOf(request: FastifyRequest): string | undefined {
  return new RegExp(`(?:^|;\\s*)${cookieName}=([\\w-]{22})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1];
}

/** A foreign page must not press these buttons. Old televisions send neither header; the cookie is SameSite=Strict. */
function isForeign(request: FastifyRequest, issuer: string): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin !== 'null' && origin !== new URL(issuer).origin;
}

/** Draws the issuer's own addresses only, or it would lend its name to anybody's QR code. */
function qrText(text: unknown, issuer: string): string | undefined {
  if (typeof text !== 'string' || text.length > 300) return undefined;
  if (!text.toLowerCase().startsWith(`${issuer.toLowerCase()}/`)) return undefined;
  // Scheme and host know no case; in capitals the code is alphanumeric, smaller, and readable from farther away.
  return text.replace(/^[a-z]+:\/\/[^/]+/i, (origin) => origin.toUpperCase());
}

const files = {
  'tv.js': { path: beside('tv.js'), type: 'text/javascript; charset=utf-8' },
  'tv.css': { path: beside('tv.css'), type: 'text/css; charset=utf-8' },
  'picture.svg': { path: beside('picture.svg'), type: 'image/svg+xml' },
  'font-next.woff2': { path: font('next'), type: 'font/woff2' },
  'font-mono.woff2': { path: font('mono'), type: 'font/woff2' },
};

/** Scripts and styles are not compiled: from dist/examples/tv they are found where they were written. */
function beside(name: string): string {
  const here = fileURLToPath(new URL(name, import.meta.url));
  return existsSync(here) ? here : fileURLToPath(new URL(`../../../examples/tv/${name}`, import.meta.url));
}

function font(family: 'next' | 'mono'): string {
  const name = `atkinson-hyperlegible-${family}`;
  return fileURLToPath(import.meta.resolve(`@fontsource-variable/${name}/files/${name}-latin-wght-normal.woff2`));
}

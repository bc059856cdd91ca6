import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { listTexts, type StoredText } from '../sms/file.ts';
import { type MailFolder, openMailFolder, type StoredMail } from './file.ts';

/** The viewer's own pages: its stylesheet and nothing else. */
const pagePolicy = "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/**
 * A mail's HTML as a document of its own: no script, no form, no origin, nothing loaded. It holds what strangers typed,
 * and would otherwise be a page of ours.
 */
const mailPolicy =
  "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'";

/**
 * Shows the mails and texts in the data folder at /dev/mail. For development only: whoever reaches these pages reads every code
 * and link sent. Answers only to loopback names, so that a foreign name pointed at this address sees nothing.
 */
export function mailViewer(needs: { data: string }) {
  const folder = openMailFolder(needs);
  return async (server: FastifyInstance): Promise<void> => {
    await server.register(async (scope) => registerPages(scope, folder, needs.data), { prefix: '/dev/mail' });
  };
}

function registerPages(scope: FastifyInstance, folder: MailFolder, data: string): void {
  scope.addHook('onRequest', async (request, reply) => {
    // The name against a foreign page, the address against a neighbour who writes whatever name he likes.
    const own = ['localhost', '127.0.0.1', '[::1]', '::1'].includes(request.hostname);
    if (!own || !/^(?:::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '')) return notFound(reply);
  });
  const find = (request: FastifyRequest): Promise<StoredMail | undefined> =>
    folder.read((request.params as { id: string }).id);

  scope.get('/', async (_request, reply) =>
    sendPage(reply, 'Mail', listPage(await folder.list(), await listTexts(data))),
  );
  scope.get('/style.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(style));
  scope.get('/:id', async (request, reply) => {
    const mail = await find(request);
    return mail ? sendPage(reply, mail.subject, mailPage(mail)) : notFound(reply);
  });
  scope.get('/:id/html', async (request, reply) => {
    const mail = await find(request);
    return mail ? sendHtml(reply, mail.html, mailPolicy) : notFound(reply);
  });
}

function listPage(mails: StoredMail[], texts: StoredText[]): string {
  const items = [
    ...mails.map((mail) => ({
      at: mail.at,
      item: `<li>${html`<a href="/dev/mail/${mail.id}"><b>${mail.subject}</b><span>${mail.to}</span>`}${time(mail.at)}</a></li>`,
    })),
    // A text is short enough to be read here.
    ...texts.map(({ at, to, text }) => ({
      at,
      item: `<li class="text">${html`<p>${text}</p><span>Text message to ${to}</span>`}${time(at)}</li>`,
    })),
  ].sort((a, b) => b.at - a.at);
  const list =
    items.length > 0
      ? `<ul>${items.map(({ item }) => item).join('')}</ul>`
      : '<p class="empty">No mail yet. Reload when you expect one.</p>';
  return `<h1>Mail</h1><p>Kept in the data folder instead of being sent, because this server is in development.</p>${list}`;
}

function mailPage(mail: StoredMail): string {
  const facts = html`<dl><dt>To</dt><dd>${mail.to}</dd><dt>From</dt><dd>${mail.from}</dd></dl>`;
  return `<p><a href="/dev/mail">← All mail</a></p>
<h1>${escapeHtml(mail.subject)}</h1>${time(mail.at)}${facts}
<pre>${withLinks(mail.text)}</pre>
${html`<p><a class="button" href="/dev/mail/${mail.id}/html">Show as HTML</a></p>`}`;
}

function sendPage(reply: FastifyReply, title: string, body: string): FastifyReply {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>`;
  const document = `<!doctype html><html lang="en"><head>${head}<link rel="stylesheet" href="/dev/mail/style.css"></head><body><main>${body}</main></body></html>`;
  return sendHtml(reply, document, pagePolicy);
}

function sendHtml(reply: FastifyReply, document: string, policy: string): FastifyReply {
  return reply
    .header('content-security-policy', policy)
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header('x-content-type-options', 'nosniff')
    .type('text/html; charset=utf-8')
    .send(document);
}

function notFound(reply: FastifyReply): FastifyReply {
  return sendPage(reply.code(404), 'No such mail', '<h1>No such mail</h1><p><a href="/dev/mail">All mail</a></p>');
}

/** Text in which addresses can be followed. */
function withLinks(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, n) => (n % 2 === 1 ? html`<a href="${part}">${part}</a>` : escapeHtml(part)))
    .join('');
}

function time(at: number): string {
  // An argument is given: this formats a time, it does not ask for one.
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** A template whose every value is escaped. */
function html(parts: TemplateStringsArray, ...values: string[]): string {
  return String.raw({ raw: parts }, ...values.map(escapeHtml));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d9dde3, #3a4049); --soft: light-dark(#5b6470, #a3adba); --accent: light-dark(#0b5cad, #8cc2ff); }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.55 system-ui, sans-serif; background: light-dark(#f6f7f9, #14171b); color: light-dark(#181c21, #eceff3); }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0; overflow-wrap: anywhere; }
p, time, dt { color: var(--soft); }
a { color: var(--accent); }
ul { list-style: none; margin: 1.5rem 0; padding: 0; border: 1px solid var(--line); border-radius: 0.75rem; overflow: hidden; background: light-dark(#fff, #1c2026); }
li + li { border-top: 1px solid var(--line); }
li a, .text { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; padding: 0.8rem 1rem; color: inherit; text-decoration: none; }
li a:hover, li a:focus-visible { background: light-dark(#eef4fb, #232a33); }
.text p { white-space: pre-wrap; margin: 0; color: inherit; }
li b, .text p { flex: 1 0 100%; overflow-wrap: anywhere; }
li span { margin-inline-end: auto; color: var(--soft); overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.1rem 1rem; margin: 1rem 0; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; padding: 1.25rem; border: 1px solid var(--line); border-radius: 0.75rem; background: light-dark(#fff, #1c2026); }
.button { display: inline-block; padding: 0.55rem 1rem; border: 1px solid currentcolor; border-radius: 0.5rem; text-decoration: none; }
.empty { padding: 2rem 1rem; text-align: center; border: 1px dashed var(--line); border-radius: 0.75rem; }
`;

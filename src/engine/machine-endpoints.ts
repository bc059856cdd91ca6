import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clients } from '../clients/clients.ts';

type Needs = { clients: Clients; issuer: string };

/** What every page on the web may read. */
export const publicRoutes = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks'];
/** What a script of an app may call from the origins its operator named. Microsoft's library derives `/devicecode`. */
export const clientRoutes = [
  ...['/token', '/userinfo', '/introspect', '/revoke', '/par'],
  ...['/device_authorization', '/devicecode'],
];

/** OpenID Connect Core §5.3.1: userinfo by both; RFC 6749 §3.2, RFC 7662 §2.1, RFC 7009 §2.1, RFC 8628 §3.1: POST alone. */
const methodsOf = (url: string): string[] => {
  if (publicRoutes.includes(url)) return ['GET', 'HEAD', 'OPTIONS'];
  return url === '/userinfo' ? ['GET', 'HEAD', 'POST', 'OPTIONS'] : ['POST', 'OPTIONS'];
};

/** What a script may read of an answer beside its body: without these, no script could wait or prove itself rightly. */
export const exposedHeaders = 'WWW-Authenticate, DPoP-Nonce, Retry-After, Preference-Applied';

export const noStore = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  pragma: 'no-cache',
};

const formType = 'application/x-www-form-urlencoded';

/**
 * How programs are met at every endpoint that is for them, whatever happens there: scripts of apps may read each answer,
 * failures have one shape, and what is odd but allowed is put in the form that everything behind understands (fault C3).
 */
export function meetPrograms(app: FastifyInstance, needs: Needs): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isForPrograms(request)) return;
    await allowReading(request, reply, needs);
    oneSpace(request);
    if (request.method === 'POST') return refuseOtherTypes(request, reply);
  });
  app.addHook('preHandler', async (request, reply) => {
    if (!isForPrograms(request) || request.method !== 'POST' || request.routeOptions.url === '/userinfo') return;
    await forgetEmptySecret(request, needs.clients);
    return refuseParametersInAddress(request, reply);
  });
  for (const url of [...publicRoutes, ...clientRoutes]) {
    const allow = methodsOf(url);
    app.route({
      method: app.supportedMethods.filter((method) => !allow.includes(method)),
      url,
      handler: (_request, reply) => {
        // RFC 9110 §15.5.6
        reply.code(405).header('allow', allow.join(', '));
        return refuse(reply, `This address takes ${allow.join(', ')}.`);
      },
    });
  }
}

const isForPrograms = ({ routeOptions }: FastifyRequest): boolean =>
  publicRoutes.includes(routeOptions.url ?? '') || clientRoutes.includes(routeOptions.url ?? '');

/** RFC 6749 §5.2, for everything that no client is to blame for by name. */
const refuse = (reply: FastifyReply, description: string): FastifyReply =>
  reply.headers(noStore).send({ error: 'invalid_request', error_description: description });

/**
 * For what is answered here: 4xx before a client is known, 429, 5xx. What the engine answers gets its own headers, for
 * which it asks whether the origin is that of the very client (RFC 9700 §2.6).
 */
async function allowReading(request: FastifyRequest, reply: FastifyReply, { clients, issuer }: Needs): Promise<void> {
  const { origin } = request.headers;
  reply.header('vary', 'Origin');
  if (origin === undefined || request.method === 'OPTIONS') return;
  const isPublic = publicRoutes.includes(request.routeOptions.url ?? '');
  if (!isPublic && origin !== issuer && !(await clients.isWebOrigin(origin))) return;
  reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposedHeaders);
}

/** RFC 9110 §11.4: between scheme and credentials there may be several spaces. */
function oneSpace({ raw }: FastifyRequest): void {
  const { authorization } = raw.headers;
  if (authorization?.includes('  ')) raw.headers.authorization = authorization.split(' ').filter(Boolean).join(' ');
}

/** RFC 9110 §15.5.16. Nothing at all is of no type, whatever a library writes there. */
function refuseOtherTypes({ raw }: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const { 'content-type': type, 'content-encoding': encoding = 'identity', 'content-length': length } = raw.headers;
  const isEmpty = raw.headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
  if (isEmpty) delete raw.headers['content-type'];
  if (isEmpty || (encoding === 'identity' && type?.split(';', 1)[0]?.trim().toLowerCase() === formType)) return;
  reply.code(415).header('accept-post', formType);
  return refuse(reply, `Only a body of the type ${formType}, not compressed, is understood.`);
}

/**
 * RFC 6749 §2.3.1: a secret that is empty may be left out, so leaving it empty is leaving it out. Some libraries know no
 * other way to name a public client.
 */
async function forgetEmptySecret(request: FastifyRequest, clients: Clients): Promise<void> {
  const { headers } = request.raw;
  const [scheme, credentials = ''] = headers.authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() !== 'basic') return;
  const pair = Buffer.from(credentials, 'base64').toString();
  if (pair.indexOf(':') !== pair.length - 1) return;
  const id = pair.slice(0, -1);
  if (!(await clients.find(id))?.public) return;
  const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
  if (form.get('client_id') === null) form.set('client_id', id);
  // Another client named in the form: a contradiction, which stays to be refused.
  if (form.get('client_id') !== id) return;
  delete headers.authorization;
  request.body = form.toString();
  headers['content-type'] = formType;
}

/**
 * RFC 6749 §3.2, RFC 8628 §3.1: parameters are in the body. In an address they would be logged on the way, secrets too
 * (RFC 6749 §2.3.1); a library that puts them there is told so instead of that something is missing.
 */
function refuseParametersInAddress({ body, url }: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  if ((typeof body === 'string' && body !== '') || !url.includes('?')) return;
  reply.code(400);
  return refuse(reply, 'Parameters belong in the body of the request, not in its address.');
}

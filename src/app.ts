import { createServer } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { tvExample } from '../examples/tv/tv-plugin.ts';
import { createAppsPlugin } from './apps/apps-plugin.ts';
import { formPostPage, goBackPage } from './apps/form-post-pages.tsx';
import { createSignOutPlugin } from './apps/sign-out-plugin.ts';
import { createClients } from './clients/clients.ts';
import { countEvents, countMails, countTexts } from './counted.ts';
import { createDevices } from './devices/devices.ts';
import { createLinkedMail, type LinkedNotice } from './devices/devices-mail.tsx';
import { devicesPlugin } from './devices/devices-plugin.ts';
import { createUnusedDevices } from './devices/unused-devices.ts';
import { mailViewer } from './drivers/mail/mail-viewer.ts';
import { createClientCheck } from './engine/client-check.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { enginePlugin } from './engine/engine-plugin.ts';
import { answerPollsFirst } from './engine/fast-poll.ts';
import { createSigningKeys } from './engine/signing-keys.ts';
import { registerExampleClients } from './example-clients.ts';
import type { AccountId } from './ids.ts';
import { createLimits } from './limits/limits.ts';
import { createGuesses } from './link/guesses.ts';
import { createLink } from './link/link.ts';
import { createLinkPlugin } from './link/link-plugin.ts';
import { createLinkRequests } from './link/link-requests.ts';
import { createMetrics } from './metrics.ts';
import { registerOperations } from './operations.ts';
import type { Outside } from './outside.ts';
import { createPerson } from './person.ts';
import type { AfterSignIn } from './signin/signin.ts';
import { readFlow, writeFlow } from './web/flow.ts';
import { createLive } from './web/live.ts';
import { loadMessages } from './web/messages.ts';
import { pagesScope, registerWeb, serverOptions } from './web/web.ts';

export type App = {
  server: FastifyInstance;
  /** Housekeeping; call it every minute. */
  tidy(): Promise<void>;
  /** How many polls are held open. */
  held(): number;
  /** From now on /readyz says no, so that a balancer sends nobody new. */
  drain(): void;
  /** Stops listening to other processes; the drivers stay open for their owner to close. */
  close(): Promise<void>;
};

/** The composition root: the one place that knows every room. Rooms are made in the order in which they may know each other. */
export async function createApp(outside: Outside): Promise<App> {
  const { config, clock, random, secrets, database, presence, ephemeral, places } = outside;
  const metrics = createMetrics();
  const journal = countEvents(outside.journal, metrics);
  const mail = countMails(outside.mail, metrics);
  const sms = outside.sms && countTexts(outside.sms, metrics);
  const messages = loadMessages({ strict: config.development });
  const limits = createLimits({ ephemeral, clock });
  const live = createLive({ ephemeral });

  const clients = createClients({ database, secrets, clock, random, accepted: createClientCheck() });
  const keys = createSigningKeys({ database, secrets, clock, random });
  const devices = createDevices({
    database,
    clock,
    random,
    secrets,
    journal,
    revokeGrant: (grantId, transaction) => engine.revokeGrant(grantId, transaction),
    clientNames: (ids) => clients.names(ids),
  });
  const person = createPerson({
    ...{ ...outside, journal, mail, sms, messages, limits, live, devices },
    clientNames: (ids) => clients.names(ids),
    revokeAccount: (id) => engine.revokeAccount(id),
    revokeApps: (id, trx) => engine.revokeApps(id, trx),
    endAppSession: (sessionId, id) => engine.endSession(sessionId, id),
    failed: (err, what) => server.log.error({ err }, what),
  });
  const { signin } = person;
  const guesses = createGuesses({ limits });
  const requests = createLinkRequests({
    database,
    ephemeral,
    secrets,
    clock,
    random,
    journal,
    limits,
    guesses,
    development: config.development,
    polled: (answer) => {
      if (answer !== 'approved' && answer !== 'redeemed') metrics.polled(answer);
    },
    foundLate: metrics.decisionFoundLate,
    isPublic: async (id) => (await clients.find(id))?.public ?? false,
    collected: (grantId, transaction) => devices.collected(grantId, transaction),
    endLink: (grantId) => devices.ended(grantId),
    wake: (topic) => live.wake(topic),
  });
  metrics.watch({
    waitingCodes: () => requests.waiting,
    heldPolls: () => requests.held,
    ...{ eventStreams: () => live.open, guessesLeft: () => guesses.leftToday() },
    ...{ clockSkew: () => presence.skew, headroom: () => presence.headroom },
    pool: database.poolUse?.bind(database),
  });
  const engine: Engine = await createEngine({
    issuer: config.issuer,
    database,
    secrets,
    clock,
    random,
    clients,
    keys,
    requests,
    claimsOf: (id) => person.claimsOf(id as AccountId),
    grantRevoked: (grantId) => devices.ended(grantId),
    grantUsed: (grantId, transaction) => devices.used(grantId, transaction),
  });

  const unusedDevices = createUnusedDevices({
    ...{ database, clock, ephemeral, devices, reach: person.addresses.reach },
    failed: (err, what) => server.log.error({ err }, what),
  });
  const linkedMail = createLinkedMail({ devices, reach: person.addresses.reach });
  const telling = new Set<Promise<void>>();
  const tellOwner = async (linked: LinkedNotice): Promise<void> => {
    const told = linkedMail(linked).catch((error: unknown) =>
      server.log.error({ err: error }, 'the mail about a link was not sent'),
    );
    telling.add(told);
    await told;
    telling.delete(told);
  };
  const link = createLink({
    database,
    secrets,
    clock,
    journal,
    guesses,
    requests,
    devices,
    findClient: (id) => clients.find(id),
    createGrant: (grant, transaction) => engine.createGrant(grant, transaction),
    // Behind a proxy that is not trusted, everybody comes from loopback: that says nothing about who is near.
    loopbackIsNear: config.development,
    linked: (linked) => void tellOwner(linked),
  });
  const linkRoom = createLinkPlugin({ link, signin, clock, places, live });

  const afterSignIn: AfterSignIn = async (done) => {
    const resumed = (await person.mustSee(done.session)) ?? (await linkRoom.resume(done));
    if (resumed) return resumed;
    const { next } = readFlow(done.request);
    writeFlow(done.reply, {});
    return next ?? '/account';
  };

  let toldOfAddresses = false;
  const unreadableAddress = (entry: string): void => {
    metrics.unreadableAddress();
    if (toldOfAddresses) return;
    toldOfAddresses = true;
    server.log.warn({ entry }, 'a trusted proxy sends what is no address: limits see the address of the proxy instead');
  };

  const mailsToFiles = config.development && !config.smtpUrl;
  const textsToFiles = config.development && !config.smsUrl;
  let draining = false;
  const server = Fastify({
    ...serverOptions({ trustedProxies: config.trustedProxies, unreadableAddress }),
    forceCloseConnections: 'idle',
    // A request on a connection that was open before is served to its end, not turned away.
    return503OnClosing: false,
    serverFactory: (handle) =>
      createServer(
        timeouts,
        answerPollsFirst(
          {
            requests,
            issuer: config.issuer,
            draining: () => draining,
            redeem: (deviceCode, clientId) => engine.fastTokens.redeem(deviceCode, clientId),
            answered: (status, duration) => {
              metrics.answered({ method: 'POST', route: '/token', status, duration, held: false });
              if (status === 200) metrics.redemptionTook(duration);
            },
            timed: metrics.pollTook,
          },
          handle,
        ),
      ),
  });
  server.addHook('onRequest', async (_request, reply) => {
    if (draining) reply.raw.setHeader('connection', 'close');
  });
  outside.tracing?.register(server);
  registerOperations(server, { config, metrics, database, presence, ephemeral, draining: () => draining });
  await registerWeb(server, {
    config,
    secrets,
    random,
    clock,
    messages,
    readPerson: (request) => person.readPerson(request),
    switchTo: (request, id) => signin.switchTo(request, id),
  });
  await server.register(async (scope) =>
    enginePlugin(scope, {
      engine,
      issuer: config.issuer,
      places,
      requests,
      random,
      redemptionTook: metrics.redemptionTook,
      formPostPage,
      goBackPage,
      visitOf: (request, reply) => person.visitOf(request, reply),
    }),
  );
  await pagesScope(server, async (pages) => {
    person.registerSessions(pages);
    pages.get('/', async (request, reply) => reply.redirect(request.signedIn ? '/account' : '/link', 303));
    await linkRoom.plugin(pages);
    await devicesPlugin({
      devices,
      journal,
      clock,
      requireSignedIn: (request, reply) => signin.requireSignedIn(request, reply),
      requireFreshProof: (request, reply) => signin.requireFreshProof(request, reply),
    })(pages);
    const viewer = '/dev/mail';
    const boxes = { mailbox: mailsToFiles ? viewer : undefined, textbox: textsToFiles ? viewer : undefined };
    await person.register(pages, { afterSignIn, ...boxes });
    await createAppsPlugin({ engine, secrets, canReach: signin.canReach, switchTo: signin.switchTo })(pages);
    await createSignOutPlugin({ engine, signin })(pages);
  });
  if (mailsToFiles || textsToFiles) await server.register(mailViewer({ data: config.data }));
  if (config.examples) {
    await registerExampleClients(clients);
    await server.register(tvExample({ issuer: config.issuer, clientId: 'example-tv' }), { prefix: '/examples/tv' });
  }

  if (!config.development && config.trustedProxies.length === 0) {
    server.log.warn('LATCHKEY_TRUSTED_PROXIES is not set: everybody behind the proxy that ends TLS shares one address');
  }
  const stops = await Promise.all([presence.start(server.log), requests.start(), live.start()]);
  return {
    server,
    tidy: () =>
      database.patiently(async () => {
        await engine.tidy();
        await requests.tidy();
        await devices.removeEnded();
        await unusedDevices.sweep();
        await person.tidy();
        // One after the other: a mail server that was away should not meet all of them at once. An address that it
        // refuses keeps nobody else waiting; whom there is no time for before the next turn is told then.
        const end = clock.now() + 45_000;
        for (const notice of await devices.unnoticed()) if (clock.now() < end) await tellOwner(notice);
      }),
    held: () => requests.held,
    drain: () => {
      draining = true;
      requests.release();
      live.release();
    },
    async close() {
      await server.close();
      await Promise.all(telling);
      await Promise.all(stops.map((stop) => stop()));
      await person.settled();
    },
  };
}

const timeouts = {
  // A device polls every five seconds; a shorter time would make every poll a new connection.
  keepAliveTimeout: 75_000,
  // For a request to arrive in full; answers may take longer. Without it, unfinished ones would pile up for ever.
  requestTimeout: 30_000,
  // How often those are looked for: Node's own half a minute would let them stay twice as long.
  connectionsCheckingInterval: 5000,
};

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import tls from 'node:tls';

export type TlsFront = {
  /** Such as https://localhost:40123. */
  url: string;
  /** PEM, for other processes to trust. */
  certificate: string;
  stop(): Promise<void>;
};

type Options = {
  /** Where the front listens. */
  port: number;
  /** The loopback port of the server behind. */
  target: number;
  /** Told of every answer, in the order they leave. */
  answered?(path: string, status: number): void;
};

/**
 * What a reverse proxy is in production: speaks TLS outside and HTTP inside, and says so in X-Forwarded-*.
 * From now on this process trusts its certificate, as a computer trusts its operator's authority.
 */
export async function startTlsFront({ port, target, answered }: Options): Promise<TlsFront> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = selfSigned(privateKey, publicKey);
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), cert]);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });

  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    const headers = {
      ...request.headers,
      'x-forwarded-for': request.socket.remoteAddress ?? '',
      'x-forwarded-host': request.headers.host ?? '',
      'x-forwarded-proto': 'https',
    };
    const options = { host: '127.0.0.1', port: target, path: request.url, method: request.method, headers };
    const inside = httpRequest(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
      response.on('finish', () => answered?.(request.url ?? '', answer.statusCode ?? 502));
    });
    inside.on('error', () => response.destroy());
    request.pipe(inside);
  };
  const server = createServer({ key, cert }, pass);
  server.listen(port, 'localhost');
  await once(server, 'listening');

  return {
    url: `https://localhost:${port}`,
    certificate: cert,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A certificate for localhost, valid for two days around now (RFC 5280 §4.1), as PEM. */
function selfSigned(privateKey: KeyObject, publicKey: KeyObject): string {
  const algorithm = sequence(oid.ecdsaWithSha256);
  const name = sequence(der(0x31, sequence(oid.commonName, der(0x0c, Buffer.from('localhost')))));
  const day = 86_400_000;
  const validity = sequence(time(Date.now() - day), time(Date.now() + day));
  const version = der(0xa0, der(0x02, Buffer.of(2)));
  const serial = der(0x02, Buffer.of(1), randomBytes(8));
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)));
  const extensions = der(0xa3, sequence(sequence(oid.subjectAltName, der(0x04, names))));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(version, serial, algorithm, name, validity, name, key, extensions);
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey));
  const base64 = sequence(body, algorithm, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag), size, content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);

/** UTCTime: YYMMDDhhmmssZ. */
const time = (at: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(at).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));

const oid = {
  ecdsaWithSha256: der(0x06, Buffer.from('2a8648ce3d040302', 'hex')),
  commonName: der(0x06, Buffer.from('550403', 'hex')),
  subjectAltName: der(0x06, Buffer.from('551d11', 'hex')),
};

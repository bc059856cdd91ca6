/** One variable of the environment that an operator may set. */
type Variable = { name: string; fallback: string; meaning: string; secret?: boolean };

/** Every variable there is; `latchkey doctor` prints this table. */
export const variables: readonly Variable[] = [
  { name: 'PORT', fallback: '3000', meaning: 'TCP port to listen on' },
  { name: 'LATCHKEY_HOST', fallback: 'localhost, or 0.0.0.0 with an https issuer', meaning: 'Address to listen on' },
  { name: 'LATCHKEY_ISSUER', fallback: 'http://localhost:$PORT', meaning: 'Public address people and apps use' },
  { name: 'LATCHKEY_DATA', fallback: './data', meaning: 'Folder for the embedded database, the secret and mail files' },
  {
    name: 'LATCHKEY_DATABASE_URL',
    fallback: 'embedded SQLite',
    meaning: 'postgres://… for many processes',
    secret: true,
  },
  {
    name: 'LATCHKEY_DRAIN_SECONDS',
    fallback: '2, or 0 on loopback',
    meaning: 'How long to go on serving after SIGTERM, until balancers have noticed (0 to 3)',
  },
  { name: 'LATCHKEY_VALKEY_URL', fallback: 'memory', meaning: 'redis://… for many processes', secret: true },
  {
    name: 'LATCHKEY_SECRET',
    fallback: 'made on first start, on loopback only',
    meaning: '32 bytes or more, base64',
    secret: true,
  },
  {
    name: 'LATCHKEY_PREVIOUS_SECRETS',
    fallback: 'none',
    meaning: 'Comma-separated secrets that still open what they sealed, while LATCHKEY_SECRET is being changed',
    secret: true,
  },
  {
    name: 'LATCHKEY_REQUIRE_SECOND_STEP',
    fallback: 'off',
    meaning: 'Ask everyone with a password for a second step; passwords may then have 8 characters (on or off)',
  },
  {
    name: 'LATCHKEY_SMTP_URL',
    fallback: 'files in the data folder, on loopback only',
    meaning: 'smtp://user:password@host:port',
    secret: true,
  },
  { name: 'LATCHKEY_MAIL_FROM', fallback: 'Latchkey <no-reply@issuer host>', meaning: 'Sender of mails' },
  {
    name: 'LATCHKEY_SMS_URL',
    fallback: 'files in the data folder on loopback; else no texts',
    meaning: 'https://account:token@host of a provider of text messages',
    secret: true,
  },
  { name: 'LATCHKEY_SMS_FROM', fallback: 'none', meaning: 'Number, name or messaging service that texts come from' },
  {
    name: 'LATCHKEY_SMS_COUNTRIES',
    fallback: 'all, without LATCHKEY_SMS_URL only',
    meaning: 'Whose numbers may be sent texts, such as DE,AT,CH (or all)',
  },
  { name: 'LATCHKEY_SMS_PER_DAY', fallback: '500', meaning: 'Texts sent a day at most, to everybody together' },
  {
    name: 'LATCHKEY_TRUSTED_PROXIES',
    fallback: 'none',
    meaning: 'Comma-separated addresses or CIDR ranges whose X-Forwarded-* count',
  },
  {
    name: 'LATCHKEY_COUNTRY_HEADER',
    fallback: 'none',
    meaning: 'Header in which a trusted proxy writes the country, such as cf-ipcountry',
  },
  {
    name: 'LATCHKEY_METRICS_TOKEN',
    fallback: 'none',
    meaning: 'Bearer token for /metrics outside loopback',
    secret: true,
  },
  {
    name: 'LATCHKEY_TRACES_URL',
    fallback: 'none',
    meaning: 'OTLP/HTTP address for traces, such as http://localhost:4318/v1/traces',
  },
  {
    name: 'LATCHKEY_ACTIVITY_DAYS',
    fallback: '30',
    meaning: 'How long people can look back on the activity of their account (1 to 180); places go after 30 days',
  },
  { name: 'LATCHKEY_PASSKEY_DOMAIN', fallback: 'host of the issuer', meaning: 'Name that passkeys are made for' },
  {
    name: 'LATCHKEY_RELATED_ORIGINS',
    fallback: 'none',
    meaning: 'Other addresses, such as https://example.de, whose pages may use the same passkeys',
  },
  {
    name: 'LATCHKEY_EXAMPLES',
    fallback: 'on, on loopback only',
    meaning: 'Serve the examples at /examples (on or off)',
  },
];

import { AppError } from '../src/errors.ts';
import {
  BackLink,
  Button,
  ButtonRow,
  CardList,
  Checkbox,
  CodePlate,
  DeviceIcon,
  ErrorSummary,
  Form,
  Lead,
  LeftToRight,
  LinkButton,
  Notice,
  PasskeyForm,
  PasswordField,
  QrCode,
  Stranger,
  SummaryList,
  Tag,
  TextField,
  Time,
} from '../src/web/components.tsx';
import { DoneMark, EmptyState, LiveState, Steps } from '../src/web/content.tsx';
import type { Page, PageContext } from '../src/web/page.ts';

/** Named examples of every component, as they stand on real pages. They feed the gallery and the axe test. */
export const examples: Readonly<Record<string, (page: PageContext) => Page>> = {
  'enter-code': (page) => ({
    title: 'Enter the code',
    content: (
      <Form page={page} action="/link">
        <TextField
          page={page}
          id="user_code"
          name="user_code"
          label="Code on your other device"
          labelIsHeading
          hint="8 letters, like BCDF-GHJK. Small letters and no dash are fine."
          code="user"
          enterKeyHint="go"
        />
        <p class="hint">
          Only enter a code you can see on a screen in front of you. We never send codes by email, chat or phone.
        </p>
        <Button>Continue</Button>
      </Form>
    ),
  }),
  'enter-code-wrong': (page) => ({
    title: 'Enter the code',
    hasErrors: true,
    status: 422,
    content: (
      <>
        <ErrorSummary
          page={page}
          errors={[{ field: 'user_code', text: 'The code must be 8 letters. You entered 7.' }]}
        />
        <Form page={page} action="/link">
          <TextField
            page={page}
            id="user_code"
            name="user_code"
            label="Code on your other device"
            labelIsHeading
            hint="8 letters, like BCDF-GHJK. Small letters and no dash are fine."
            error="The code must be 8 letters. You entered 7."
            value="BCDF-GHJ"
            code="user"
          />
          <Button>Continue</Button>
        </Form>
      </>
    ),
  }),
  landing: (page) => ({
    title: 'Is this the code on your screen?',
    content: (
      <>
        <h1>Is this the code on your screen?</h1>
        <CodePlate page={page} code="BCDF-GHJK" copy />
        <ButtonRow equal>
          <LinkButton href="/help#tricked">No, it is different</LinkButton>
          <LinkButton href="/link" kind="primary">
            Yes, continue
          </LinkButton>
        </ButtonRow>
      </>
    ),
  }),
  review: (page) => ({
    title: 'Are you signing in to Acme TV?',
    content: (
      <>
        <h1>
          Are you signing in to <Stranger>Acme TV</Stranger> on another device right now?
        </h1>
        <CodePlate page={page} code="BCDF-GHJK" label="The code on that screen" />
        <Notice kind="unusual">
          <p>
            That device is in or near Lagos. You are in or near Leeds. If you are not looking at that screen, choose No.
          </p>
        </Notice>
        <SummaryList
          rows={[
            { label: 'App', value: <Stranger>Acme TV</Stranger> },
            { label: 'Device', value: 'Living room (Samsung TV, Tizen)' },
            { label: 'Started', value: <Time page={page} at={1_795_219_200_000} /> },
            {
              label: 'Account',
              value: <LeftToRight>sam@example.org</LeftToRight>,
              action: <a href="/accounts">Change</a>,
            },
            { label: 'Will be able to', value: 'See your name and email, and stay signed in' },
            { label: 'Stays linked', value: '90 days, until you unlink it' },
          ]}
        />
        <Form page={page} action="/link/1">
          <Checkbox id="seen" name="seen" label="I can see this code on a screen in front of me" />
          <ButtonRow equal>
            <Button kind="secondary" name="decision" value="decline">
              No, this isn’t me
            </Button>
            <Button name="decision" value="approve">
              Yes, sign it in
            </Button>
          </ButtonRow>
        </Form>
      </>
    ),
  }),
  prove: (page) => ({
    title: 'Prove it is you',
    content: (
      <>
        <BackLink href="/link/1">Back to the request</BackLink>
        <h1>Prove it is you</h1>
        <Lead>
          To link <Stranger>Acme TV</Stranger>, use your passkey or your password once more.
        </Lead>
        <PasskeyForm
          page={page}
          action="/link/1/prove"
          mode="get"
          options={{ challenge: 'AAAA' }}
          submitLabel="Use your passkey"
        />
        <Form page={page} action="/link/1/prove">
          <PasswordField page={page} id="password" name="password" label="Password" autoComplete="current-password" />
          <TextField
            page={page}
            id="code"
            name="code"
            label="Code from your authenticator app"
            code="digits"
            hint="6 digits"
          />
          <Button>Link the device</Button>
        </Form>
      </>
    ),
  }),
  done: () => ({
    title: 'Acme TV is linked',
    content: (
      <>
        <DoneMark />
        <h1>
          <Stranger>Acme TV</Stranger> is now signed in as Sam
        </h1>
        <Lead>You can put this phone away.</Lead>
        <LiveState url="/gallery/state" state="waiting">
          The other screen changes within a few seconds.
        </LiveState>
        <LinkButton href="/devices">See your devices</LinkButton>
      </>
    ),
  }),
  devices: () => ({
    title: 'Your devices',
    content: (
      <>
        <h1>Your devices</h1>
        <Notice kind="done" title="Old console was unlinked">
          <p>It lost access at once.</p>
        </Notice>
        <CardList
          label="Linked devices"
          cards={[
            {
              href: '/devices/1',
              picture: <DeviceIcon type="tv" />,
              title: <Stranger>Living room TV</Stranger>,
              meta: 'Acme TV · used 2 minutes ago',
              tag: <Tag kind="good">New</Tag>,
            },
            {
              href: '/devices/2',
              picture: <DeviceIcon type="terminal" />,
              title: <Stranger>build-server-04.internal.example.org</Stranger>,
              meta: 'acme CLI · used yesterday',
            },
            {
              href: '/devices/3',
              picture: <DeviceIcon type="console" />,
              title: <Stranger>Console</Stranger>,
              meta: 'Acme Games · used 40 days ago',
              tag: <Tag kind="unusual">Not used lately</Tag>,
            },
            {
              href: '/devices/4',
              picture: <DeviceIcon type="computer" />,
              title: <Stranger>حاسوب المكتب</Stranger>,
              meta: 'Acme Files · used today',
            },
            { href: '/devices/5', picture: <DeviceIcon type="phone" />, title: 'Phone', meta: 'Acme Mail' },
            { href: '/devices/6', picture: <DeviceIcon type="kiosk" />, title: 'Front desk', meta: 'Acme Check-in' },
            {
              href: '/devices/7',
              picture: <DeviceIcon type={undefined} />,
              title: 'Something else',
              meta: 'Unknown app',
              tag: <Tag kind="stop">Unlinked</Tag>,
            },
          ]}
        />
        <LinkButton href="/link" kind="primary">
          Link a device
        </LinkButton>
      </>
    ),
  }),
  'devices-empty': () => ({
    title: 'Your devices',
    content: (
      <>
        <h1>Your devices</h1>
        <EmptyState title="No device is linked yet">
          <p>When a TV, console or terminal shows you a code, enter it here.</p>
          <LinkButton href="/link" kind="primary">
            Link a device
          </LinkButton>
        </EmptyState>
      </>
    ),
  }),
  'sign-in': (page) => ({
    title: 'Sign in',
    content: (
      <>
        <h1>Sign in</h1>
        <Form page={page} action="/signin">
          <TextField
            page={page}
            id="email"
            name="email"
            label="Email address"
            type="email"
            autoComplete="username webauthn"
          />
          <Button>Continue</Button>
        </Form>
        <p>
          New here? <a href="/signup">Create an account</a>
        </p>
      </>
    ),
  }),
  qr: () => ({
    title: 'Add an authenticator app',
    content: (
      <>
        <h1>Add an authenticator app</h1>
        <Steps steps={['Open your authenticator app.', 'Scan this picture.', 'Enter the six digits it shows.']} />
        <QrCode text="HTTPS://ID.EXAMPLE.ORG/L/BCDFGHJK" label="QR code for id.example.org/l/BCDFGHJK" />
      </>
    ),
  }),
  stop: (page) => ({
    title: 'Unlink Living room TV?',
    content: (
      <>
        <BackLink href="/devices">Your devices</BackLink>
        <h1>Unlink Living room TV?</h1>
        <Notice kind="stop" title="It loses access at once">
          <p>To use it again, you need a new code.</p>
        </Notice>
        <Form page={page} action="/devices/1">
          <ButtonRow>
            <Button kind="stop" name="action" value="unlink">
              Unlink it
            </Button>
            <LinkButton href="/devices/1">Keep it</LinkButton>
          </ButtonRow>
        </Form>
      </>
    ),
  }),
  slow: () => {
    throw new AppError('too_many_tries', 'An example.', { retryAt: Date.now() + 600_000 });
  },
  failed: () => {
    throw new Error('An example.');
  },
};

/** Device pages carry the account's navigation, so their examples lie beside them. */
export function examplePath(name: string): string {
  return name.startsWith('devices') ? `/devices/gallery/${name}` : `/gallery/${name}`;
}

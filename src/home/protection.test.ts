import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf, protectionOf, type Standing } from './protection.ts';

const nothing: Standing = {
  methods: { password: false, passkeys: 0, app: false, keys: 0, recoveryCodes: 0 },
  syncedPasskeys: 0,
  savedCode: false,
  alternates: 0,
  passkeysHere: true,
};
const standing = (methods: Partial<Standing['methods']>, rest: Partial<Standing> = {}): Standing => ({
  ...nothing,
  ...rest,
  methods: { ...nothing.methods, ...methods },
});

const cases: [string, Standing, string, string | undefined][] = [
  ['a password alone', standing({ password: true }), 'weak', 'addPasskey'],
  [
    'a password alone, whatever the ways back',
    standing({ password: true }, { savedCode: true, alternates: 2 }),
    'weak',
    'addPasskey',
  ],
  [
    'a passkey beside a password that lets in alone',
    standing({ password: true, passkeys: 1 }),
    'fair',
    'addSecondStep',
  ],
  ['one passkey and no way back', standing({ passkeys: 1 }), 'fair', 'addAddress'],
  ['a password with a code, and no way back', standing({ password: true, app: true }), 'fair', 'addPasskey'],
  [
    'a password with a code, and recovery codes',
    standing({ password: true, app: true, recoveryCodes: 10 }),
    'good',
    'addPasskey',
  ],
  [
    'codes that run out',
    standing({ password: true, app: true, passkeys: 1, recoveryCodes: 2 }, { alternates: 1, savedCode: true }),
    'best',
    'moreCodes',
  ],
  ['a synced passkey', standing({ passkeys: 1 }, { syncedPasskeys: 1 }), 'good', 'addAddress'],
  ['everything', standing({ passkeys: 2 }, { syncedPasskeys: 1, savedCode: true, alternates: 2 }), 'best', undefined],
];
for (const [name, account, level, first] of cases) {
  test(`protection: ${name} is ${level}, and the next sensible thing is ${first ?? 'nothing'}`, () => {
    const found = protectionOf(account);
    assert.equal(found.level, level);
    assert.equal(found.advice[0], first);
    for (const advice of found.advice) assert.match(placeOf[advice], /^\/security\//);
  });
}

test('E26: one-time codes alone never make the best protection', () => {
  const found = protectionOf(
    standing({ password: true, app: true, recoveryCodes: 10 }, { savedCode: true, alternates: 2 }),
  );
  assert.equal(found.level, 'good');
});

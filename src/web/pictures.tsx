import type { ComponentChild } from 'preact';
import qrcode from 'qrcode';

/** The product's mark: a latchkey, its bow a keyhole plate. Drawn with the text's colour. */
export function Mark() {
  return (
    <svg class="mark" viewBox="1 6 30 20" width="36" height="24" aria-hidden="true" focusable="false">
      <circle cx="11" cy="16" r="8.5" fill="none" stroke="currentColor" stroke-width="3" />
      <path d="M19.5 16H30M25 16v5M29 16v4" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" />
      <circle cx="11" cy="16" r="2.5" fill="currentColor" />
    </svg>
  );
}

export type DeviceKind = 'tv' | 'terminal' | 'console' | 'phone' | 'computer' | 'kiosk' | 'unknown';

const drawings: Readonly<Record<DeviceKind, ComponentChild>> = {
  tv: (
    <>
      <rect x="5" y="9" width="38" height="24" rx="2.5" />
      <path d="M17 40h14M24 33v7" />
    </>
  ),
  terminal: (
    <>
      <rect x="5" y="8" width="38" height="32" rx="2.5" />
      <path d="M12 18l6 5-6 5M22 29h9M5 14h38" />
    </>
  ),
  console: (
    <>
      <path d="M15 15h18c6 0 9 6 10 13 .6 4-1 7-4 7-4 0-5-6-9-6H18c-4 0-5 6-9 6-3 0-4.6-3-4-7 1-7 4-13 10-13z" />
      <path d="M16 19v6M13 22h6M30 20.500v.1M34 23.500v.1" />
    </>
  ),
  phone: (
    <>
      <rect x="14" y="5" width="20" height="38" rx="3.5" />
      <path d="M22 37.500h4" />
    </>
  ),
  computer: (
    <>
      <rect x="9" y="9" width="30" height="21" rx="2.5" />
      <path d="M4 37h40l-4-7H8z" />
    </>
  ),
  kiosk: (
    <>
      <rect x="12" y="4" width="24" height="26" rx="2.5" />
      <path d="M20 30v10M28 30v10M14 44h20v-4H14zM18 11h12M18 17h7" />
    </>
  ),
  unknown: (
    <>
      <rect x="8" y="8" width="32" height="32" rx="5" />
      <path d="M19 20c0-3 2.2-5 5-5s5 2 5 4.600c0 4-5 3.9-5 7.400M24 33v.1" />
    </>
  ),
};

export function DrawnDevice({ type, large }: { type: string | undefined; large: boolean }) {
  const size = large ? 96 : 48;
  return (
    <svg
      class={large ? 'device device-large' : 'device'}
      viewBox="0 0 48 48"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width={large ? 1.5 : 2}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {drawings[Object.hasOwn(drawings, type ?? '') ? (type as DeviceKind) : 'unknown']}
    </svg>
  );
}

export type EventPicture = 'in' | 'out' | 'key' | 'address' | 'account' | 'warning';

const events: Readonly<Record<EventPicture, ComponentChild>> = {
  in: (
    <>
      <path d="M22 7h15a3 3 0 0 1 3 3v28a3 3 0 0 1-3 3H22" />
      <path d="M6 24h22M20 15l9 9-9 9" />
    </>
  ),
  out: (
    <>
      <path d="M26 7H11a3 3 0 0 0-3 3v28a3 3 0 0 0 3 3h15" />
      <path d="M19 24h22M33 15l9 9-9 9" />
    </>
  ),
  key: (
    <>
      <circle cx="15" cy="24" r="9" />
      <path d="M24 24h19v7M36 24v6" />
      <path d="M13.500 24h.1" />
    </>
  ),
  address: (
    <>
      <rect x="5" y="10" width="38" height="28" rx="2.500" />
      <path d="M6 13l18 14 18-14" />
    </>
  ),
  account: (
    <>
      <circle cx="24" cy="16" r="8" />
      <path d="M8 41c1-9 7-13 16-13s15 4 16 13" />
    </>
  ),
  warning: (
    <>
      <path d="M24 7l19 34H5z" />
      <path d="M24 20v10M24 35.500v.1" />
    </>
  ),
};

/** What kind of thing happened; decoration beside words. */
export function DrawnEvent({ kind }: { kind: EventPicture }) {
  return (
    <svg
      class={kind === 'in' || kind === 'out' ? 'device device-turns' : 'device'}
      viewBox="0 0 48 48"
      width={48}
      height={48}
      fill="none"
      stroke="currentColor"
      stroke-width={2}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {events[kind]}
    </svg>
  );
}

export function DrawnTick() {
  return (
    <svg class="done-mark" viewBox="0 0 64 64" width="80" height="80" aria-hidden="true" focusable="false">
      <circle cx="32" cy="32" r="30" fill="none" stroke="currentColor" stroke-width="3" />
      <path
        d="M19 33l9 9 17-19"
        fill="none"
        stroke="currentColor"
        stroke-width="4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

/** Four modules of quiet zone, level M, one path: crisp at every size. */
export function DrawnQr({ text, label }: { text: string; label: string }) {
  const { modules } = qrcode.create(text, { errorCorrectionLevel: 'M' });
  const size = modules.size + 8;
  const dark = Array.from(modules.data, (on, index) =>
    on ? `M${(index % modules.size) + 4} ${Math.floor(index / modules.size) + 4}h1v1h-1z` : '',
  ).join('');
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={dark} />
    </svg>
  );
}

/** The letters of a code, which may break at the dash only. */
export function PlateCode({ code }: { code: string }) {
  const groups = code.split('-');
  return (
    <p class="plate-code">
      <bdi dir="ltr" translate={false}>
        {groups.map((group, index) =>
          index < groups.length - 1 ? (
            <>
              <span class="plate-group">
                {group}
                <span class="plate-dash">-</span>
              </span>
              <wbr />
            </>
          ) : (
            <span class="plate-group">{group}</span>
          ),
        )}
      </bdi>
    </p>
  );
}

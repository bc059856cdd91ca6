import QRCode from 'qrcode';

/** The same plate as on the phone, so that the eye compares plates, not letters. */
export function drawPlate(userCode: string): string {
  const line = '─'.repeat(userCode.length + 6);
  return [`    ┌${line}┐`, `    │   ${userCode}   │`, `    └${line}┘`].join('\n');
}

/** `coloured`: dark on white whatever the terminal's theme, because many cameras read nothing else. */
export async function drawQr(text: string, coloured: boolean): Promise<string> {
  // Scheme and host know no case; capitals make the code smaller.
  const short = text.replace(/^[a-z]+:\/\/[^/]+/i, (origin) => origin.toUpperCase());
  const drawn = await QRCode.toString(short, { type: 'utf8', errorCorrectionLevel: 'L', margin: 2 });
  const lines = drawn.split('\n').filter((line) => line !== '');
  return lines.map((line) => `    ${coloured ? `\u001b[38;5;16;48;5;231m${line}\u001b[0m` : line}`).join('\n');
}

/** What others wrote must not move the cursor or colour the screen. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '');
}

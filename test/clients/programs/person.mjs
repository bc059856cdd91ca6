// The person in front of these programs: a line out, a line in.
import { createInterface } from 'node:readline';

export const settings = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const opens = async (address) => new URL(await ask({ open: address.toString() }));
export const enters = (userCode) => ask({ enter: userCode });

export function isTold(facts) {
  console.log(JSON.stringify({ told: facts }));
  process.exit();
}

async function ask(line) {
  console.log(JSON.stringify(line));
  const { value } = await lines.next();
  return value;
}

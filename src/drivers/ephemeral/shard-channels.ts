/**
 * In a cluster a plain message goes to every node; on a shard channel it goes to the node that owns the channel's slot.
 * So each channel is split into so many, by what the message says, and every node carries its part.
 */
const shards = 16;
const slots = 16_384;

/** The names at the server of one channel, one for each shard. */
export function shardNames(channel: string): string[] {
  return tags.map((tag) => `${channel}:{${tag}}`);
}

/** The name on which this message travels: the same for the same message. */
export function shardNameOf(channel: string, message: string): string {
  return `${channel}:{${tags[crc16(message) % shards]}}`;
}

/** Which of the cluster's slots holds a key or channel: that of the part in braces, if there is one. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return crc16(close > open + 1 ? key.slice(open + 1, close) : key) % slots;
}

/** Hash tags whose slots lie evenly: clusters give each node a run of slots, so that each gets its part of the shards. */
const tags = evenTags();

function evenTags(): string[] {
  const found: string[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const middle = Math.floor(((shard + 0.5) * slots) / shards);
    let number = 0;
    while (Math.abs(slotOf(`${number}`) - middle) > slots / shards / 8) number++;
    found.push(`${number}`);
  }
  return found;
}

/** CRC-16/XMODEM, by which the protocol assigns keys to slots. */
function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

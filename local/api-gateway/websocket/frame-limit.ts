import type { Duplex } from "node:stream";

const maskBytes = 4;

/**
 * Calls `onTooLong` when a frame announces a payload of more than `limitBytes`. `ws` limits whole messages only, and
 * API Gateway limits both; so this reads the frames' headers as they pass by, before `ws` gets them.
 */
export function watchFrameLengths(socket: Duplex, limitBytes: number, onTooLong: () => void): void {
  /** Bytes of the header that have come so far; it has at most ten before the mask. */
  let header: number[] = [];
  /** Bytes of mask and payload still to come. */
  let toSkip = 0;
  const watch = (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (toSkip > 0) {
        const step = Math.min(toSkip, chunk.length - at);
        toSkip -= step;
        at += step;
        continue;
      }
      header.push(chunk[at] ?? 0);
      at += 1;
      const payload = payloadLength(header);
      if (payload === undefined) continue;
      if (payload > limitBytes) {
        socket.off("data", watch);
        onTooLong();
        return;
      }
      toSkip = maskBytes + payload;
      header = [];
    }
  };
  socket.prependListener("data", watch);
}

/** `undefined` while the header is not complete. RFC 6455, section 5.2. */
function payloadLength(header: number[]): number | undefined {
  const short = (header[1] ?? 0) & 0x7f;
  if (header.length < 2) return undefined;
  if (short < 126) return short;
  const extended = header.slice(2);
  if (extended.length < (short === 126 ? 2 : 8)) return undefined;
  return extended.reduce((length, byte) => length * 256 + byte, 0);
}

import type { Duplex } from "node:stream";

const maskBytes = 4;

/**
 * Calls `onTooLong` when the header of a frame announces a payload of more than `maxBytes`.
 *
 * API Gateway limits both frames and messages, but `ws` limits only messages. So this listener reads the frame headers
 * of each chunk before `ws` processes the chunk.
 */
export function watchFrameLengths(socket: Duplex, maxBytes: number, onTooLong: () => void): void {
  /** The bytes of the current header so far: at most ten before the mask. */
  let header: number[] = [];
  /** Bytes of mask and payload that are still to come. */
  let bytesToSkip = 0;
  const readChunk = (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (bytesToSkip > 0) {
        const step = Math.min(bytesToSkip, chunk.length - at);
        bytesToSkip -= step;
        at += step;
        continue;
      }
      header.push(chunk[at] ?? 0);
      at += 1;
      const payload = payloadLength(header);
      if (payload === undefined) continue;
      if (payload > maxBytes) {
        socket.off("data", readChunk);
        onTooLong();
        return;
      }
      bytesToSkip = maskBytes + payload;
      header = [];
    }
  };
  socket.prependListener("data", readChunk);
}

/** The payload length in a frame header (RFC 6455, section 5.2); `undefined` while the header is incomplete. */
function payloadLength(header: number[]): number | undefined {
  const short = (header[1] ?? 0) & 0x7f;
  if (header.length < 2) return undefined;
  if (short < 126) return short;
  const extended = header.slice(2);
  if (extended.length < (short === 126 ? 2 : 8)) return undefined;
  return extended.reduce((length, byte) => length * 256 + byte, 0);
}

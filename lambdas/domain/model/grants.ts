/** Whether one of the patterns covers the room. `*` stands for any sequence of characters. */
export function isGranted(patterns: readonly string[], roomId: string): boolean {
  return patterns.some((pattern) => covers(pattern, roomId));
}

function covers(pattern: string, roomId: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return pattern === roomId;
  if (!roomId.startsWith(head) || roomId.length < head.length + tail.length || !roomId.endsWith(tail)) return false;
  // Leftmost match of each part in turn: never backtracks, so a hostile pattern costs nothing.
  let from = head.length;
  const end = roomId.length - tail.length;
  for (const part of rest) {
    const at = roomId.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

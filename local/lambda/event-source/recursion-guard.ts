import type { InvocationChain } from "../../world/invocations.ts";

/**
 * Lambda's recursive loop detection: knows for each queue message the chain of invocations that led to it. AWS carries
 * the chain in the trace header of the message; here it is kept by message id.
 */
export interface RecursionGuard {
  /** @param trace trace header of the invocation that sent the messages; `undefined` if no function sent them */
  recordSent(messageIds: readonly string[], trace: string | undefined): void;
  /** The chain that led to a message. It is empty if no function sent the message. */
  chainOf(messageId: string): InvocationChain;
  /** Forgets a deleted message. */
  forget(messageId: string): void;
}

/** @param chainOfTrace the chain of a running invocation, by its trace header */
export function createRecursionGuard(
  chainOfTrace: (trace: string | undefined) => InvocationChain | undefined,
): RecursionGuard {
  const chainByMessage = new Map<string, InvocationChain>();
  return {
    recordSent: (messageIds, trace) => {
      const chain = chainOfTrace(trace);
      if (chain) for (const id of messageIds) chainByMessage.set(id, chain);
    },
    chainOf: (messageId) => chainByMessage.get(messageId) ?? {},
    forget: (messageId) => void chainByMessage.delete(messageId),
  };
}

/**
 * The chain of an invocation that receives several messages: the maximum of each function's count, plus one for the
 * invoked function.
 *
 * @param previous the chain of each message
 */
export function extendChain(previous: readonly InvocationChain[], functionId: string): InvocationChain {
  const longest: Record<string, number> = {};
  for (const chain of previous) {
    for (const [id, count] of Object.entries(chain)) longest[id] = Math.max(longest[id] ?? 0, count);
  }
  return { ...longest, [functionId]: (longest[functionId] ?? 0) + 1 };
}
